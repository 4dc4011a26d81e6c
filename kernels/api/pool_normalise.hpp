#pragma once
#include <cstdint>
#include <span>

#include "base/matrix.hpp"

/// One vector for each sequence of x, scaled to length 1: the mean of its rows, or its first row.
/// x: (rows, C); sequence s is rows [offsets[s], offsets[s + 1]), never empty; out: (sequences, C). C is a
/// multiple of 16. A vector of length below 1e-12 stays as it is. Tolerance against the reference: 1e-6
/// absolute.
namespace dream::kernels {

enum class Pooling { mean, first };

namespace reference {
void pool_normalise(Pooling pooling, MatrixView<const float> x, std::span<const std::int64_t> offsets,
                    MatrixView<float> out);
}
namespace cpu {
void pool_normalise(Pooling pooling, MatrixView<const float> x, std::span<const std::int64_t> offsets,
                    MatrixView<float> out);
}

}  // namespace dream::kernels
