#include "kernels/api/attention.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace dream::kernels::reference {

void attention(const Attention& args, const float* qkv, float* out) {
  const auto channels = args.channels;
  const auto size = channels / args.heads;
  const auto at = [&](std::int64_t row, std::int64_t column) -> double {
    return qkv[row * 3 * channels + column];
  };
  for (std::size_t s = 0; s + 1 < args.offsets.size(); ++s) {
    const auto begin = args.offsets[s];
    const auto end = args.offsets[s + 1];
    for (std::int64_t head = 0; head < args.heads; ++head) {
      for (auto q = begin; q < end; ++q) {
        std::vector<double> weight;
        for (auto k = begin; k < end; ++k) {
          double dot = 0;
          for (std::int64_t c = 0; c < size; ++c)
            dot += at(q, head * size + c) * at(k, channels + head * size + c);
          const auto distances = static_cast<std::int64_t>(args.bias.size()) / args.heads;
          const auto at_bias = static_cast<std::size_t>(head * distances + k - q + distances / 2);
          const double bias = args.bias.empty() ? 0.0 : args.bias[at_bias];
          weight.push_back(dot / std::sqrt(static_cast<double>(size)) + bias);
        }
        const double most = *std::max_element(weight.begin(), weight.end());
        double sum = 0;
        for (auto& w : weight) sum += w = std::exp(w - most);
        for (std::int64_t c = 0; c < size; ++c) {
          double value = 0;
          for (auto k = begin; k < end; ++k)
            value += weight[static_cast<std::size_t>(k - begin)] * at(k, 2 * channels + head * size + c);
          out[q * channels + head * size + c] = static_cast<float>(value / sum);
        }
      }
    }
  }
}

}  // namespace dream::kernels::reference
