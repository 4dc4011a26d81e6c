// Attention without tensor cores: plain, and the oracle of a faster one. A block takes 32 queries of a head
// and goes over the keys of their sequence by 32: scores, the running softmax (a new greatest score scales
// down what has been added up), and the weighted values, all in shared memory as floats. So no matrix of
// scores is ever stored, and a sequence of any length needs the same memory: three tiles of 32 rows and one
// of scores, 29 KiB for heads of 64. Rows of tiles are one float longer than the head, so that the threads of
// a warp, which read one column of 32 keys, meet 32 banks.
// A query's result depends on its sequence only: tiles begin where it does, and keys come in their order.
#include <cmath>

#include "kernels/cuda/device_kernels.hpp"
#include "kernels/cuda/launch.hpp"
#include "kernels/cuda/number.hpp"

namespace dream::kernels::DREAM_BACKEND {
namespace {

constexpr std::int64_t tile = 32;  ///< queries of a block, and keys at a time
constexpr int attention_threads = 128;

/// What a block has in shared memory; rows of `stride` floats.
struct Tiles {
  std::int64_t stride;
  float* queries;  ///< (32, D)
  float* others;   ///< (32, D) keys, then values
  float* out;      ///< (32, D) sums of weighted values
  float* scores;   ///< (32, 33): of the keys, then their weights
  float* most;     ///< (32) greatest score so far
  float* total;    ///< (32) of the weights
  float* scale;    ///< (32) what sums so far shrink by

  DREAM_DEVICE Tiles(float* memory, std::int64_t head_size) : stride(head_size + 1) {
    const auto matrix = tile * stride;
    queries = memory;
    others = queries + matrix;
    out = others + matrix;
    scores = out + matrix;
    most = scores + tile * (tile + 1);
    total = most + tile;
    scale = total + tile;
  }
};
constexpr std::int64_t tile_floats(std::int64_t head_size) {
  return 3 * tile * (head_size + 1) + tile * (tile + 1) + 3 * tile;
}

template <class T>
struct AttentionKernel {
  SequenceAttention call;
  float factor;  ///< of the scores: 1 / sqrt(head size)

  /// Up to 32 rows of a head's queries, keys or values (part 0, 1, 2), from row `row` of the batch on.
  DREAM_DEVICE void read(const Block& block, int part, std::int64_t head, std::int64_t row,
                         std::int64_t count, float times, float* to) const {
    const auto size = call.columns / call.heads;
    for (std::int64_t i = block.thread(); i < count * size; i += block.threads()) {
      const auto r = i / size, c = i % size;
      const auto from = (row + r) * 3 * call.columns + part * call.columns + head * size + c;
      to[r * (size + 1) + c] = times * widen(static_cast<const T*>(call.qkv)[from]);
    }
  }

  /// Scores of `keys` keys from the `key`-th of the sequence on, for `queries` from the `query`-th on.
  DREAM_DEVICE void score(const Block& block, const Tiles& my, std::int64_t head, std::int64_t query,
                          std::int64_t queries, std::int64_t key, std::int64_t keys) const {
    for (std::int64_t i = block.thread(); i < queries * tile; i += block.threads()) {
      const auto q = i / tile, k = i % tile;
      if (k >= keys) continue;
      float dot = 0;
      for (std::int64_t c = 0; c + 1 < my.stride; ++c)
        dot += my.queries[q * my.stride + c] * my.others[k * my.stride + c];
      if (call.bias != nullptr) {
        const auto distance = key + k - query - q + call.positions - 1;
        dot += call.bias[head * (2 * call.positions - 1) + distance];
      }
      my.scores[q * (tile + 1) + k] = dot;
    }
  }

  /// One thread a query: scores become weights.
  DREAM_DEVICE static void weigh(const Block& block, const Tiles& my, std::int64_t queries,
                                 std::int64_t keys) {
    for (std::int64_t q = block.thread(); q < queries; q += block.threads()) {
      float* const scores = my.scores + q * (tile + 1);
      float most = my.most[q];
      for (std::int64_t k = 0; k < keys; ++k) most = scores[k] > most ? scores[k] : most;
      const float scale = expf(my.most[q] - most);
      float total = my.total[q] * scale;
      for (std::int64_t k = 0; k < keys; ++k) total += scores[k] = expf(scores[k] - most);
      my.most[q] = most;
      my.total[q] = total;
      my.scale[q] = scale;
    }
  }

  DREAM_DEVICE static void add_values(const Block& block, const Tiles& my, std::int64_t queries,
                                      std::int64_t keys) {
    const auto size = my.stride - 1;
    for (std::int64_t i = block.thread(); i < queries * size; i += block.threads()) {
      const auto q = i / size, c = i % size;
      float value = my.out[q * my.stride + c] * my.scale[q];
      for (std::int64_t k = 0; k < keys; ++k)
        value += my.scores[q * (tile + 1) + k] * my.others[k * my.stride + c];
      my.out[q * my.stride + c] = value;
    }
  }

  DREAM_DEVICE void operator()(const Block& block) const {
    const auto head = block.x() % call.heads, sequence = block.x() / call.heads;
    const auto begin = call.offsets[sequence], length = call.offsets[sequence + 1] - begin;
    const auto query = block.y() * tile;
    if (query >= length) return;  // all threads alike
    const auto queries = length - query < tile ? length - query : tile;
    const auto size = call.columns / call.heads;
    const Tiles my(reinterpret_cast<float*>(block.shared()), size);

    read(block, 0, head, begin + query, queries, factor, my.queries);
    for (std::int64_t i = block.thread(); i < tile * my.stride; i += block.threads()) my.out[i] = 0;
    for (std::int64_t i = block.thread(); i < tile; i += block.threads()) {
      my.most[i] = -INFINITY;
      my.total[i] = 0;
    }
    for (std::int64_t key = 0; key < length; key += tile) {
      const auto keys = length - key < tile ? length - key : tile;
      read(block, 1, head, begin + key, keys, 1.0F, my.others);
      block.sync();
      score(block, my, head, query, queries, key, keys);
      block.sync();
      weigh(block, my, queries, keys);
      read(block, 2, head, begin + key, keys, 1.0F, my.others);
      block.sync();
      add_values(block, my, queries, keys);
      block.sync();
    }
    for (std::int64_t i = block.thread(); i < queries * size; i += block.threads()) {
      const auto q = i / size, c = i % size;
      static_cast<T*>(call.out)[(begin + query + q) * call.columns + head * size + c] =
          narrow<T>(my.out[q * my.stride + c] / my.total[q]);
    }
  }
};

}  // namespace

void sequence_attention(const SequenceAttention& call, Element element, Stream stream) {
  const auto size = call.columns / call.heads;
  DREAM_CHECK(size <= most_head_size, "a head of " + std::to_string(size) + " values");
  const Shape shape{.x = call.sequences * call.heads,
                    .y = blocks_for(call.longest, tile),
                    .threads = attention_threads,
                    .shared_bytes = 4 * tile_floats(size)};
  const float factor = 1.0F / std::sqrt(static_cast<float>(size));
  with_element(element, [&](auto t) {
    launch(AttentionKernel<decltype(t)>{call, factor}, "sequence_attention", shape, stream);
  });
}

}  // namespace dream::kernels::DREAM_BACKEND
