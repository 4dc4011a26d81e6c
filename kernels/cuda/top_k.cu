// A block takes a query. In shared memory lie the best hits so far, sorted, and beside them the scores of
// this tile that beat the last of those. Only when these might overflow, and at the end, are they merged:
// each of either side counts who is greater, which is its place, so a merge needs two barriers where a sort
// would need fifty. After the first few thousand scores hardly any passes, and a tile in which none did costs
// nothing but reading it, which is what bounds the kernel: the scores come from the L2 cache, where the
// product has just left them. Which place a score gets among the new ones is chance; hits have a total order,
// so the result is not.
#include "kernels/cuda/device_kernels.hpp"
#include "kernels/cuda/launch.hpp"

namespace dream::kernels::DREAM_BACKEND {
namespace {

constexpr int top_k_threads = 128;
constexpr int scores_at_a_time = 4 * top_k_threads;
constexpr int most_fresh = 2 * scores_at_a_time;

/// What a block has in shared memory.
struct Places {
  Hit* best;       ///< (k) sorted, the greatest first
  Hit* merged;     ///< (k)
  Hit* fresh;      ///< (most_fresh)
  int* collected;  ///< how many are fresh
};
constexpr std::int64_t places_bytes(std::int64_t k) {
  return (2 * k + most_fresh) * std::int64_t{sizeof(Hit)} + std::int64_t{sizeof(int)};
}

struct TopKKernel {
  TopK call;

  /// How many of the best are not less than the hit.
  DREAM_DEVICE int rank_of(const Hit* best, Hit hit) const {
    int from = 0, to = static_cast<int>(call.k);
    while (from < to) {
      const int middle = (from + to) / 2;
      if (best[middle] >= hit)
        from = middle + 1;
      else
        to = middle;
    }
    return from;
  }

  DREAM_DEVICE static int greater_than(Hit hit, const Hit* fresh, int count) {
    int greater = 0;
    for (int i = 0; i < count; ++i) greater += fresh[i] > hit ? 1 : 0;
    return greater;
  }

  /// All threads: the fresh ones are taken into the best. Returns whether there were any.
  DREAM_DEVICE bool merge(const Block& block, const Places& my) const {
    const int count = *my.collected;
    if (count == 0) return false;  // all threads alike
    for (int i = block.thread(); i < call.k; i += block.threads()) {
      const auto place = i + greater_than(my.best[i], my.fresh, count);
      if (place < call.k) my.merged[place] = my.best[i];
    }
    for (int i = block.thread(); i < count; i += block.threads()) {
      const auto place = rank_of(my.best, my.fresh[i]) + greater_than(my.fresh[i], my.fresh, count);
      if (place < call.k) my.merged[place] = my.fresh[i];
    }
    block.sync();
    for (int i = block.thread(); i < call.k; i += block.threads()) my.best[i] = my.merged[i];
    if (block.thread() == 0) *my.collected = 0;
    block.sync();
    return true;
  }

  DREAM_DEVICE void operator()(const Block& block) const {
    auto* const hits = reinterpret_cast<Hit*>(block.shared());
    const Places my{hits, hits + call.k, hits + 2 * call.k,
                    reinterpret_cast<int*>(hits + 2 * call.k + most_fresh)};
    Hit* const best = call.best + block.x() * call.k;
    const float* const scores = call.scores + block.x() * call.columns;
    for (int i = block.thread(); i < call.k; i += block.threads()) my.best[i] = best[i];
    if (block.thread() == 0) *my.collected = 0;
    block.sync();
    bool changed = false;
    for (std::int64_t from = 0; from < call.columns; from += scores_at_a_time) {
      const auto end = from + scores_at_a_time < call.columns ? from + scores_at_a_time : call.columns;
      for (auto c = from + block.thread(); c < end; c += block.threads()) {
        const Hit hit = hit_of(scores[c], call.first + static_cast<std::uint32_t>(c));
        if (hit > my.best[call.k - 1]) my.fresh[block.fetch_add(my.collected, 1)] = hit;
      }
      block.sync();
      const bool full = *my.collected > most_fresh - scores_at_a_time;
      block.sync();  // all have read it before anybody collects again
      if (full) changed = merge(block, my) || changed;
    }
    changed = merge(block, my) || changed;
    if (!changed) return;
    for (int i = block.thread(); i < call.k; i += block.threads()) best[i] = my.best[i];
  }
};

}  // namespace

void top_k(const TopK& call, Stream stream) {
  DREAM_CHECK(call.k <= most_k, std::to_string(call.k) + " hits");
  if (call.k == 0 || call.columns == 0) return;
  const Shape shape{.x = call.queries, .threads = top_k_threads, .shared_bytes = places_bytes(call.k)};
  launch(TopKKernel{call}, "top_k", shape, stream);
}

}  // namespace dream::kernels::DREAM_BACKEND
