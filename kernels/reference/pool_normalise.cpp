#include "kernels/api/pool_normalise.hpp"

#include <cmath>
#include <vector>

namespace dream::kernels::reference {

void pool_normalise(Pooling pooling, MatrixView<const float> x, std::span<const std::int64_t> offsets,
                    MatrixView<float> out) {
  for (std::int64_t s = 0; s < out.rows; ++s) {
    const auto begin = offsets[static_cast<std::size_t>(s)];
    const auto end = pooling == Pooling::first ? begin + 1 : offsets[static_cast<std::size_t>(s) + 1];
    std::vector<double> mean(static_cast<std::size_t>(x.cols));
    for (auto r = begin; r < end; ++r) {
      for (std::size_t c = 0; c < mean.size(); ++c) mean[c] += x.row(r)[c] / static_cast<double>(end - begin);
    }
    double square = 0;
    for (const double v : mean) square += v * v;
    const double length = std::sqrt(square);
    for (std::size_t c = 0; c < mean.size(); ++c) {
      out.row(s)[c] = static_cast<float>(length < 1e-12 ? mean[c] : mean[c] / length);
    }
  }
}

}  // namespace dream::kernels::reference
