#include "kernels/api/gelu.hpp"

#include <cmath>

namespace dream::kernels::reference {

void gelu(std::span<float> x) {
  for (float& v : x) v = static_cast<float>(0.5 * v * (1 + std::erf(v / std::sqrt(2.0))));
}

}  // namespace dream::kernels::reference
