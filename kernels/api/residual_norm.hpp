#pragma once
#include <cstdint>

#include "kernels/api/element.hpp"
#include "kernels/api/embedding.hpp"

namespace dream::kernels {

/// x[r] = norm(x[r] + y[r]) in place. A row's result depends on that row only. Tolerance as for layer_norm.
struct ResidualNorm {
  float* x = nullptr;       ///< (rows, C) the residual stream
  const void* y = nullptr;  ///< (rows, C) what a linear layer gave
  NormWeights norm;
  std::int64_t rows = 0;
  std::int64_t columns = 0;  ///< C
  void* rounded = nullptr;   ///< (rows, C) the same as elements, where it is not null
};

namespace reference {
void residual_norm(const ResidualNorm& call, Element element);
}

}  // namespace dream::kernels
