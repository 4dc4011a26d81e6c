#include "kernels/api/layer_norm.hpp"

#include <cmath>

namespace dream::kernels::reference {

void layer_norm(const LayerNorm& norm, MatrixView<float> x) {
  for (std::int64_t r = 0; r < x.rows; ++r) {
    const auto row = x.row(r);
    double mean = 0;
    for (const float v : row) mean += v;
    mean /= static_cast<double>(x.cols);
    double variance = 0;
    for (const float v : row) variance += (v - mean) * (v - mean);
    variance /= static_cast<double>(x.cols);
    for (std::size_t c = 0; c < row.size(); ++c) {
      row[c] = static_cast<float>((row[c] - mean) / std::sqrt(variance + norm.epsilon) * norm.scale[c] +
                                  norm.shift[c]);
    }
  }
}

}  // namespace dream::kernels::reference
