#pragma once
#include <cmath>

#include "kernels/api/embedding.hpp"
#include "kernels/cuda/number.hpp"
#include "kernels/cuda/reduce.hpp"

namespace dream::kernels::DREAM_BACKEND {

/// Threads for a row of norm_row(), and its shared memory. 128 threads have 3 values each of a row of 384, 8
/// of one of 1024; a row needs so few that many blocks share a processor and hide each other's barriers.
constexpr int norm_threads(std::int64_t columns) {
  return columns >= 128 ? 128 : columns <= 32 ? 32 : static_cast<int>(columns + 31) / 32 * 32;
}
constexpr std::int64_t norm_floats(std::int64_t columns) {
  return columns + sum_floats(norm_threads(columns));
}

/// All threads: normalises a row and writes it to x, and to `rounded` where that is not null. Thread t has
/// put the values t, t + threads, ... into `row`, and nobody else reads them, so no barrier is needed for
/// them. In two passes, as the host's: mean, then the squares of what is left.
template <class T>
DREAM_DEVICE void norm_row(const Block& block, float* row, std::int64_t columns, const NormWeights& weights,
                           float* scratch, float* x, T* rounded) {
  float part = 0;
  for (std::int64_t c = block.thread(); c < columns; c += block.threads()) part += row[c];
  const auto count = static_cast<float>(columns);
  const float mean = sum(block, part, scratch) / count;
  part = 0;
  for (std::int64_t c = block.thread(); c < columns; c += block.threads())
    part += (row[c] - mean) * (row[c] - mean);
  const float factor = 1.0F / sqrtf(sum(block, part, scratch) / count + weights.epsilon);
  for (std::int64_t c = block.thread(); c < columns; c += block.threads()) {
    const float y = (row[c] - mean) * factor * weights.scale[c] + weights.shift[c];
    x[c] = y;
    if (rounded != nullptr) rounded[c] = narrow<T>(y);
  }
}

}  // namespace dream::kernels::DREAM_BACKEND
