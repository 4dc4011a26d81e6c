#include "kernels/api/pool.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace dream::kernels::reference {

void pool(Pooling pooling, MatrixView<const float> rows, std::int64_t from, std::span<float> out) {
  for (std::size_t c = 0; c < out.size(); ++c) {
    double sum = 0, weights = 0, weighted = 0;
    float most = -std::numeric_limits<float>::infinity();
    for (auto r = from; r < rows.rows; ++r) {
      const double value = rows.row(r)[c];
      sum += value;
      weighted += static_cast<double>(r + 1) * value;
      weights += static_cast<double>(r + 1);
      most = std::max(most, rows.row(r)[c]);
    }
    const auto n = static_cast<double>(rows.rows - from);
    switch (pooling) {
      case Pooling::first:
        out[c] = rows.row(from)[c];
        break;
      case Pooling::max:
        out[c] = most;
        break;
      case Pooling::mean:
        out[c] = static_cast<float>(sum / n);
        break;
      case Pooling::mean_sqrt_length:
        out[c] = static_cast<float>(sum / std::sqrt(n));
        break;
      case Pooling::weighted_mean:
        out[c] = static_cast<float>(weighted / weights);
        break;
      case Pooling::last:
        out[c] = rows.row(rows.rows - 1)[c];
        break;
    }
  }
}

void normalise(std::span<float> x) {
  double square = 0;
  for (const double v : x) square += v * v;
  const double length = std::sqrt(square);
  if (length < 1e-12) return;
  for (float& v : x) v = static_cast<float>(v / length);
}

}  // namespace dream::kernels::reference
