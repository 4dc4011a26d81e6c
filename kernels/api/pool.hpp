#pragma once
#include <cstdint>
#include <span>

#include "base/matrix.hpp"

/// One vector for the rows of one sequence. rows: (n, C), C a multiple of 16; rows [from, n) count, at least
/// one; out: (C). Tolerance against the reference: 1e-6 * max |value| for `mean`, `weighted_mean` and
/// `first`, sqrt(n) times that for `mean_sqrt_length`.
namespace dream::kernels {

enum class Pooling {
  first,
  max,
  mean,
  mean_sqrt_length,  ///< the sum over the square root of the number of rows
  weighted_mean,     ///< the i-th row of all n has weight i + 1
  last
};

namespace reference {
void pool(Pooling pooling, MatrixView<const float> rows, std::int64_t from, std::span<float> out);
void normalise(std::span<float> x);
}  // namespace reference
namespace cpu {
void pool(Pooling pooling, MatrixView<const float> rows, std::int64_t from, std::span<float> out);
/// Scales x to length 1; a vector of length below 1e-12 stays as it is. Tolerance: 1e-6 absolute.
void normalise(std::span<float> x);
}  // namespace cpu

}  // namespace dream::kernels
