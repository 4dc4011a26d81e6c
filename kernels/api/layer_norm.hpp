#pragma once
#include <span>

#include "base/matrix.hpp"

/// x[r] = (s - mean(s)) / sqrt(var(s) + epsilon) * scale + shift, where s = x[r] + added[r] and the variance
/// is the biased one. x: (rows, C) in place; added: (rows, C), or no data: nothing is added. C is a multiple
/// of 16. A row's result depends on that row only. Tolerance against the reference: 1e-5 absolute for |scale|
/// <= 1.
namespace dream::kernels {

struct LayerNorm {
  std::span<const float> scale;  ///< (C)
  std::span<const float> shift;  ///< (C)
  float epsilon = 1e-12F;
};

namespace reference {
void layer_norm(const LayerNorm& norm, MatrixView<const float> added, MatrixView<float> x);
}
namespace cpu {
void layer_norm(const LayerNorm& norm, MatrixView<const float> added, MatrixView<float> x);
}

}  // namespace dream::kernels
