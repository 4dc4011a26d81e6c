#include "calls/breaker.hpp"

#include <algorithm>
#include <utility>

namespace dream::calls {

TimePoint Breaker::ready(TimePoint now) const {
  if (pause_.count() == 0) return now;
  return probing_ ? TimePoint::max() : std::max(now, until_);
}

void Breaker::sent() { probing_ = pause_.count() > 0; }

void Breaker::replied() {
  in_a_row_ = 0;
  pause_ = std::chrono::milliseconds(0);
  probing_ = false;
}

void Breaker::failed(TimePoint now) {
  ++in_a_row_;
  const bool probe = std::exchange(probing_, false);
  if (pause_.count() == 0) {
    if (in_a_row_ < most_) return;
    since_ = now;
    pause_ = first_pause_;
  } else if (probe) {
    pause_ = std::min(pause_ * 2, longest_pause_);
  } else {
    return;  // it was out before the pause began
  }
  until_ = now + pause_;
}

std::chrono::milliseconds Breaker::dead_for(TimePoint now) const {
  if (pause_.count() == 0) return std::chrono::milliseconds(0);
  return std::chrono::duration_cast<std::chrono::milliseconds>(now - since_);
}

}  // namespace dream::calls
