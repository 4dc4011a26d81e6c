#include "calls/latencies.hpp"

#include <algorithm>
#include <cmath>

namespace dream::calls {
namespace {

constexpr double step = 1.02;

}  // namespace

void Latencies::add(std::chrono::microseconds time) {
  const auto value = std::max(1.0, static_cast<double>(time.count()));
  ++buckets_[static_cast<std::int32_t>(std::ceil(std::log(value) / std::log(step)))];
}

void Latencies::add(const Buckets& others) {
  for (const auto& [bucket, count] : others) buckets_[bucket] += count;
}

std::int64_t Latencies::count() const {
  std::int64_t sum = 0;
  for (const auto& [bucket, count] : buckets_) sum += count;
  return sum;
}

double Latencies::quantile(double share) const {
  auto left = static_cast<std::int64_t>(std::ceil(share * static_cast<double>(count())));
  for (const auto& [bucket, count] : buckets_) {
    left -= count;
    if (left <= 0) return std::pow(step, bucket) * 1e-6;
  }
  return 0;
}

}  // namespace dream::calls
