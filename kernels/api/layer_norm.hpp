#pragma once
#include <cstddef>
#include <span>

#include "base/matrix.hpp"
#include "kernels/api/precision.hpp"

/// x[r] = (x[r] - mean(x[r])) / sqrt(var(x[r]) + epsilon) * scale + shift in place, with the biased variance.
/// x: (rows, C), C a multiple of 16 (of 32 in bf16 and int8). A row's result depends on that row only.
/// Tolerance against the reference: 1e-5 absolute for |scale| <= 1.
namespace dream::kernels {

struct LayerNorm {
  std::span<const float> scale;  ///< (C)
  std::span<const float> shift;  ///< (C)
  float epsilon = 1e-12F;
};

namespace reference {
void layer_norm(const LayerNorm& norm, MatrixView<float> x);
}
namespace cpu {
/// `rounded`: where the result is wanted as the input of a linear layer too, rows of row_bytes(precision, C);
/// in fp32 that is x itself, and `rounded` is not used.
void layer_norm(const LayerNorm& norm, MatrixView<float> x, Precision precision = Precision::fp32,
                std::byte* rounded = nullptr);
}  // namespace cpu

}  // namespace dream::kernels
