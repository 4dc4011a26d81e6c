#include "stats/fixed.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "base/errors.hpp"

namespace dream::stats {
namespace {

constexpr double one = 4294967296.0;  // 2^32

std::int64_t add_checked(std::int64_t a, std::int64_t b) {
  std::int64_t sum = 0;
  DREAM_CHECK(!__builtin_add_overflow(a, b, &sum), "a fixed-point sum passes 2^31");
  return sum;
}

}  // namespace

std::int64_t to_fixed(double value) {
  DREAM_CHECK(std::abs(value) < 2147483648.0, "no fixed-point number: " + std::to_string(value));
  return std::llrint(value * one);
}

double from_fixed(std::int64_t fixed) { return static_cast<double>(fixed) / one; }

double mean_from_fixed(std::int64_t sum, std::int64_t count) {
  DREAM_CHECK(count > 0, "the mean of nothing");
  return from_fixed(sum) / static_cast<double>(count);
}

void FixedMoments::add(double value) {
  ++count;
  sum = add_checked(sum, to_fixed(value));
  sum_of_squares = add_checked(sum_of_squares, to_fixed(value * value));
}

void FixedMoments::add(const FixedMoments& other) {
  count = add_checked(count, other.count);
  sum = add_checked(sum, other.sum);
  sum_of_squares = add_checked(sum_of_squares, other.sum_of_squares);
}

double FixedMoments::standard_error() const {
  if (count < 2) return 0;
  const auto n = static_cast<double>(count);
  const double m = mean();
  const double squares = std::max(0.0, from_fixed(sum_of_squares) - n * m * m);
  return std::sqrt(squares / (n - 1) / n);
}

}  // namespace dream::stats
