// Pooling: a thread takes a column of a sequence and goes down its rows; neighbouring threads read
// neighbouring values. Normalising: a block takes a vector. Both are a small share of an encoder's time.
#include <cmath>

#include "kernels/cuda/device_kernels.hpp"
#include "kernels/cuda/launch.hpp"
#include "kernels/cuda/reduce.hpp"

namespace dream::kernels::DREAM_BACKEND {
namespace {

constexpr int pool_threads = 128;

struct PoolKernel {
  SequencePool call;

  [[nodiscard]] DREAM_DEVICE float pooled(std::int64_t begin, std::int64_t rows, std::int64_t c) const {
    const float* const x = call.x + begin * call.columns + c;
    const auto from = call.prompt < rows ? call.prompt : rows - 1;
    if (call.pooling == Pooling::first) return x[from * call.columns];
    if (call.pooling == Pooling::last) return x[(rows - 1) * call.columns];
    float most = x[from * call.columns], sum = 0, weights = 0;
    for (auto r = from; r < rows; ++r) {
      const float value = x[r * call.columns];
      const float weight = call.pooling == Pooling::weighted_mean ? static_cast<float>(r + 1) : 1.0F;
      most = value > most ? value : most;
      sum += weight * value;
      weights += weight;
    }
    if (call.pooling == Pooling::max) return most;
    return sum / (call.pooling == Pooling::mean_sqrt_length ? sqrtf(weights) : weights);
  }

  DREAM_DEVICE void operator()(const Block& block) const {
    const auto c = block.y() * block.threads() + block.thread();
    if (c >= call.columns) return;
    const auto s = block.x();
    const auto begin = call.offsets[s], rows = call.offsets[s + 1] - begin;
    call.out[s * call.stride + c] = rows > 0 ? pooled(begin, rows, c) : 0.0F;
  }
};

struct NormaliseKernel {
  NormaliseRows call;

  DREAM_DEVICE void operator()(const Block& block) const {
    float* const x = call.x + block.x() * call.columns;
    float part = 0;
    for (std::int64_t c = block.thread(); c < call.columns; c += block.threads()) part += x[c] * x[c];
    const float length = sqrtf(sum(block, part, reinterpret_cast<float*>(block.shared())));
    if (length < 1e-12F) return;
    for (std::int64_t c = block.thread(); c < call.columns; c += block.threads()) x[c] /= length;
  }
};

}  // namespace

void sequence_pool(const SequencePool& call, Stream stream) {
  const Shape shape{
      .x = call.sequences, .y = blocks_for(call.columns, pool_threads), .threads = pool_threads};
  launch(PoolKernel{call}, "sequence_pool", shape, stream);
}

void normalise_rows(const NormaliseRows& call, Stream stream) {
  const Shape shape{
      .x = call.rows, .threads = pool_threads, .shared_bytes = std::int64_t{4} * sum_floats(pool_threads)};
  launch(NormaliseKernel{call}, "normalise_rows", shape, stream);
}

}  // namespace dream::kernels::DREAM_BACKEND
