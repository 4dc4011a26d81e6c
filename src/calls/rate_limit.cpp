#include "calls/rate_limit.hpp"

#include <algorithm>

namespace dream::calls {

double RateLimit::level(TimePoint now) const {
  const auto passed = std::chrono::duration<double>(now - at_).count();
  return std::min(per_second_, level_ + std::max(passed, 0.0) * per_second_);
}

TimePoint RateLimit::ready(double amount, TimePoint now) const {
  if (per_second_ <= 0) return now;
  const auto lacking = std::min(amount, per_second_) - level(now);
  if (lacking <= 0) return now;
  return now + std::chrono::ceil<TimePoint::duration>(std::chrono::duration<double>(lacking / per_second_));
}

void RateLimit::take(double amount, TimePoint now) {
  level_ = level(now) - amount;
  at_ = now;
}

void RateLimit::give_back(double amount, TimePoint now) { take(-amount, now); }

}  // namespace dream::calls
