#include <array>
#include <cmath>

#include "base/errors.hpp"
#include "kernels/dot/dot.hpp"

namespace dream::kernels {

float dot_reference(std::span<const float> a, std::span<const float> b) {
  DREAM_CHECK(a.size() == b.size(), "a dot product of vectors of different length");
  std::array<float, 16> lane{};
  for (std::size_t i = 0; i < a.size(); ++i) lane[i % 16] = std::fma(a[i], b[i], lane[i % 16]);
  for (std::size_t half = 8; half > 0; half /= 2) {
    for (std::size_t j = 0; j < half; ++j) lane[j] += lane[j + half];
  }
  return lane[0];
}

}  // namespace dream::kernels
