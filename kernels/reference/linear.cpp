#include "kernels/api/linear.hpp"

namespace dream::kernels::reference {

void linear(const LinearWeights& weights, MatrixView<const float> x, MatrixView<float> y) {
  for (std::int64_t r = 0; r < x.rows; ++r) {
    for (std::int64_t n = 0; n < weights.weight.rows; ++n) {
      double sum = weights.bias[static_cast<std::size_t>(n)];
      for (std::int64_t k = 0; k < x.cols; ++k)
        sum += double{x.data[r * x.cols + k]} * weights.weight.data[n * x.cols + k];
      y.data[r * y.cols + n] = static_cast<float>(sum);
    }
  }
}

}  // namespace dream::kernels::reference
