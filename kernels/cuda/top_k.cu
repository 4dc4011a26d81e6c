// A block takes a query. In shared memory lie as many places again as hits are kept, a power of two: the
// first half are the best so far, sorted; the other half collects scores that beat the last of them. Only
// when it might overflow are both sorted (bitonic), and the second half forgotten. After the first few
// thousand scores hardly any passes, so the kernel does little but read, which is what bounds it. Which place
// a score gets in the second half is chance; hits have a total order, so the result is not.
#include "kernels/cuda/device_kernels.hpp"
#include "kernels/cuda/launch.hpp"

namespace dream::kernels::DREAM_BACKEND {
namespace {

constexpr int top_k_threads = 128;
constexpr int scores_at_a_time = 4 * top_k_threads;

struct TopKKernel {
  TopK call;
  int places;  ///< half of them: a power of two, at least k and at least scores_at_a_time

  /// All threads: sorts 2 * places hits, the greatest first.
  DREAM_DEVICE void sort(const Block& block, Hit* hits) const {
    const int n = 2 * places;
    for (int run = 2; run <= n; run *= 2) {
      for (int step = run / 2; step > 0; step /= 2) {
        block.sync();
        for (int i = block.thread(); i < n; i += block.threads()) {
          const int j = i ^ step;
          if (j < i) continue;
          const bool falling = (i & run) == 0;
          const Hit a = hits[i], b = hits[j];
          if ((a < b) == falling) {
            hits[i] = b;
            hits[j] = a;
          }
        }
      }
    }
    block.sync();
  }

  /// All threads: the best of both halves into the first.
  DREAM_DEVICE void merge(const Block& block, Hit* hits, int* collected) const {
    for (int i = *collected + block.thread(); i < places; i += block.threads()) hits[places + i] = 0;
    sort(block, hits);
    if (block.thread() == 0) *collected = 0;
    block.sync();
  }

  DREAM_DEVICE void operator()(const Block& block) const {
    auto* const hits = reinterpret_cast<Hit*>(block.shared());
    auto* const collected = reinterpret_cast<int*>(hits + 2 * places);
    Hit* const best = call.best + block.x() * call.k;
    const float* const scores = call.scores + block.x() * call.columns;
    for (int i = block.thread(); i < places; i += block.threads()) hits[i] = i < call.k ? best[i] : 0;
    if (block.thread() == 0) *collected = 0;
    block.sync();
    for (std::int64_t from = 0; from < call.columns; from += scores_at_a_time) {
      const auto end = from + scores_at_a_time < call.columns ? from + scores_at_a_time : call.columns;
      for (auto c = from + block.thread(); c < end; c += block.threads()) {
        const Hit hit = hit_of(scores[c], call.first + static_cast<std::uint32_t>(c));
        if (hit > hits[call.k - 1]) hits[places + block.fetch_add(collected, 1)] = hit;
      }
      block.sync();
      const bool full = *collected > places - scores_at_a_time;
      block.sync();  // all have read it before anybody collects again
      if (full) merge(block, hits, collected);
    }
    merge(block, hits, collected);
    for (int i = block.thread(); i < call.k; i += block.threads()) best[i] = hits[i];
  }
};

}  // namespace

void top_k(const TopK& call, Stream stream) {
  DREAM_CHECK(call.k <= most_k, std::to_string(call.k) + " hits");
  if (call.k == 0 || call.columns == 0) return;
  int places = scores_at_a_time;
  while (places < call.k) places *= 2;
  const Shape shape{.x = call.queries,
                    .threads = top_k_threads,
                    .shared_bytes = 2 * places * std::int64_t{sizeof(Hit)} + std::int64_t{sizeof(int)}};
  launch(TopKKernel{call, places}, "top_k", shape, stream);
}

}  // namespace dream::kernels::DREAM_BACKEND
