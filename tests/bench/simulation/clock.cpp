#include "tests/bench/simulation/clock.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace dream::simulation {

Clock::Clock(const World& world) : world_(world), random_(world.seed), ranks_(world.ranks) {
  std::uniform_real_distribution<double> chance(0, 1);
  for (int r = 0; r < world.ranks; ++r)
    speed_.push_back(chance(random_) < world.slow_share ? world.slow_speed : 1);
}

double Clock::all_speeds() const {
  return std::accumulate(speed_.begin(), speed_.end(), static_cast<double>(lost_));
}

std::vector<double> Clock::block(const Hands& hands) {
  std::vector<double> took;
  std::int64_t told = 0;
  for (int w = 0; w < std::ssize(hands); ++w) {
    const auto& tasks = hands[static_cast<std::size_t>(w)];
    double seconds = 0;
    for (const auto& task : tasks) seconds += task.seconds / speed(w);
    took.push_back(seconds);
    // Progress: a message for each part, but at most five a second.
    told += std::min<std::int64_t>(std::ssize(tasks), static_cast<std::int64_t>(5 * seconds) + 1);
  }
  messages_ += static_cast<double>(told);
  const auto longest = took.empty() ? 0 : *std::ranges::max_element(took);
  const auto next = static_cast<std::size_t>(lost_);
  const auto until = next < world_.losses.size() ? world_.losses[next] - now_ : longest;
  for (int w = 0; w < std::ssize(hands); ++w) {
    double seconds = 0;
    for (const auto& task : hands[static_cast<std::size_t>(w)]) {
      seconds += task.seconds / speed(w);
      if (seconds > until) break;
      if (task.seals != nullptr) sealed_.insert(task.seals->key);
    }
  }
  if (until < longest) {
    now_ += std::max(0.0, until);
    throw RankIsLost();
  }
  now_ += longest;
  return took;
}

double Clock::depth() const { return std::ceil(std::log2(std::max(2, ranks_))); }

void Clock::meet(int times) {
  now_ += times * (2 * depth() * world_.costs.message + world_.costs.nap);
  messages_ += times * 2 * depth();
}

void Clock::exchange(double bytes) {
  now_ += 4 * ranks_ * world_.costs.message + bytes * world_.costs.byte_sent + 2 * world_.costs.nap;
  messages_ += 4. * ranks_;
}

void Clock::merge(double hits) {
  constexpr double bytes_of_hit = 48;
  const auto& costs = world_.costs;
  now_ += depth() *
          (hits * (costs.merge_hit + 2 * bytes_of_hit * costs.byte_sent) + 2 * costs.message + costs.nap);
  messages_ += 2 * depth();
}

void Clock::bury() {
  speed_.erase(speed_.begin() + 1 + static_cast<std::ptrdiff_t>(random_() % (speed_.size() - 1)));
  --ranks_;
  ++lost_;
  now_ += world_.costs.plan_again;
}

}  // namespace dream::simulation
