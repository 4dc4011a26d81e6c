#include "kernels/api/linear.hpp"

#include <cmath>

namespace dream::kernels::reference {
namespace {

double finish(double x, float before, Then then) {
  switch (then) {
    case Then::store:
      break;
    case Then::gelu:
      return 0.5 * x * (1 + std::erf(x / std::sqrt(2.0)));
    case Then::gelu_tanh:
      return 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
    case Then::relu:
      return std::max(x, 0.0);
    case Then::add:
      return before + x;
  }
  return x;
}

}  // namespace

void linear(const LinearWeights& weights, MatrixView<const float> x, MatrixView<float> y, Then then) {
  for (std::int64_t r = 0; r < x.rows; ++r) {
    for (std::int64_t n = 0; n < weights.weight.rows; ++n) {
      double sum = weights.bias[static_cast<std::size_t>(n)];
      for (std::int64_t k = 0; k < x.cols; ++k)
        sum += double{x.data[r * x.cols + k]} * weights.weight.data[n * x.cols + k];
      float& to = y.data[r * y.cols + n];
      to = static_cast<float>(finish(sum, to, then));
    }
  }
}

}  // namespace dream::kernels::reference
