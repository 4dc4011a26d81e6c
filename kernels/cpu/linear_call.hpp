#pragma once
#include <cstddef>
#include <cstdint>

#include "kernels/api/linear.hpp"

namespace dream::kernels::cpu {

/// One application of a packed layer, as the code of every target takes it. Strides are in bytes.
struct LinearCall {
  const std::byte* x;
  std::int64_t x_stride;
  std::int64_t rows, inputs, outputs;
  const std::uint32_t* weights;
  const float* bias;
  const float* scales;       ///< int8: of each output's weights
  const float* weight_sums;  ///< int8: of each output's rounded weights
  Then then;
  std::byte* y;
  std::int64_t y_stride;
};

}  // namespace dream::kernels::cpu
