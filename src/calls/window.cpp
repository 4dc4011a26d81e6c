#include "calls/window.hpp"

#include <algorithm>

namespace dream::calls {
namespace {

constexpr std::int64_t shortest_round = 16;  ///< a median of fewer says little
constexpr double slow = 2;
constexpr double forgetting = 1.02;  ///< a best from hours ago must not hold for ever

}  // namespace

Window::Window(std::int64_t start, std::int64_t most, bool by_latency)
    : width_(std::min(start, most)), most_(most), by_latency_(by_latency) {}

void Window::replied(std::chrono::microseconds latency) {
  round_.push_back(static_cast<double>(latency.count()));
  if (std::ssize(round_) >= std::max(width_, shortest_round)) end_round();
}

void Window::pushed_back() {
  doubling_ = false;
  if (cut_) return;  // the requests that were out together are refused together
  cut_ = true;
  width_ = std::max<std::int64_t>(1, width_ / 2);
  round_.clear();
}

void Window::end_round() {
  const auto middle = round_.begin() + std::ssize(round_) / 2;
  std::ranges::nth_element(round_, middle);
  const auto median = *middle;
  round_.clear();
  best_ = best_ == 0 ? median : std::min(best_ * forgetting, median);
  if (by_latency_ && median > slow * best_) {
    doubling_ = false;
    width_ = std::max<std::int64_t>(1, width_ * 9 / 10);
  } else if (!cut_) {
    width_ = std::min(most_, doubling_ ? width_ * 2 : width_ + 1);
  }
  cut_ = false;
}

}  // namespace dream::calls
