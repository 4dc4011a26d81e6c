#pragma once
#include <chrono>

namespace dream::calls {

using TimePoint = std::chrono::steady_clock::time_point;

/// A token bucket that holds one second of its rate: over any minute after the first second, what was taken
/// stays within 1/60 of the rate, and a burst is at most one second's worth. Something larger than the bucket
/// waits until it is full and leaves a debt. The clock is the caller's.
class RateLimit {
 public:
  /// `per_minute`: 0: no limit.
  explicit RateLimit(double per_minute = 0) : per_second_(per_minute / 60), level_(per_second_) {}

  /// When `amount` may be taken: `now` or later.
  [[nodiscard]] TimePoint ready(double amount, TimePoint now) const;
  /// Takes `amount`, whatever ready() says.
  void take(double amount, TimePoint now);
  /// What was taken too much (or, below zero, too little), once the true amount is known.
  void give_back(double amount, TimePoint now);

 private:
  [[nodiscard]] double level(TimePoint now) const;

  double per_second_;
  double level_;
  TimePoint at_{};
};

}  // namespace dream::calls
