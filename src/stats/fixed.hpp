#pragma once
#include <cstdint>

namespace dream::stats {

/// A number as a multiple of 2^-32, rounded to the nearest. Integers add up to the same sum in any order and
/// on any number of ranks, which is why everything that is all-reduced goes through here. Throws
/// InternalError for NaN and for values of 2^31 or more.
[[nodiscard]] std::int64_t to_fixed(double value);

[[nodiscard]] double from_fixed(std::int64_t fixed);

/// sum / count as a double; count > 0.
[[nodiscard]] double mean_from_fixed(std::int64_t sum, std::int64_t count);

/// A sum and how many went in: two integers to all-reduce, or four with the squares for a standard error.
struct FixedMoments {
  std::int64_t count = 0;
  std::int64_t sum = 0;
  std::int64_t sum_of_squares = 0;

  /// Throws InternalError when a sum passes 2^31 (some two thousand million scores of 1).
  void add(double value);
  void add(const FixedMoments& other);
  [[nodiscard]] double mean() const { return mean_from_fixed(sum, count); }
  /// Standard error of the mean; 0 for fewer than two values. Good to about 1e-5 of the values' size.
  [[nodiscard]] double standard_error() const;
  bool operator==(const FixedMoments&) const = default;
};

}  // namespace dream::stats
