#pragma once
#include <chrono>
#include <cstdint>
#include <map>

namespace dream::calls {

/// How long things took, to two per cent, in memory that does not grow with their number.
class Latencies {
 public:
  /// Counts by bucket; bucket b ends at 1.02^b microseconds.
  using Buckets = std::map<std::int32_t, std::int64_t>;

  void add(std::chrono::microseconds time);
  void add(const Buckets& others);

  [[nodiscard]] const Buckets& buckets() const { return buckets_; }
  [[nodiscard]] std::int64_t count() const;
  /// The smallest value, in seconds, that a `share` of all do not pass; 0 without any.
  [[nodiscard]] double quantile(double share) const;

 private:
  Buckets buckets_;
};

}  // namespace dream::calls
