#include "kernels/api/activation.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "kernels/api/gelu.hpp"

namespace dream::kernels::reference {

void activate(Activation activation, std::span<float> x) {
  if (activation == Activation::gelu) return gelu(x);
  for (float& v : x) {
    const double inner = std::sqrt(2 / std::numbers::pi) * (v + 0.044715 * v * v * v);
    v = activation == Activation::relu ? std::max(v, 0.0F)
                                       : static_cast<float>(0.5 * v * (1 + std::tanh(inner)));
  }
}

}  // namespace dream::kernels::reference
