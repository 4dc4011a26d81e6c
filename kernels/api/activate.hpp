#pragma once
#include <cstdint>

#include "kernels/api/activation.hpp"
#include "kernels/api/element.hpp"

namespace dream::kernels {

/// y = activation(y + bias) in place: for what the matrix product itself cannot do, as the exact GELU.
/// Tolerance against the reference: 2e-6 absolute for |y| <= 10, and the rounding of the elements.
struct Activate {
  void* y = nullptr;            ///< (rows, N)
  const float* bias = nullptr;  ///< (N); null: none
  Activation activation = Activation::gelu;
  std::int64_t rows = 0;
  std::int64_t columns = 0;  ///< N
};

namespace reference {
void activate(const Activate& call, Element element);
}

}  // namespace dream::kernels
