#include "stages/rerank/order.hpp"

#include <algorithm>
#include <cmath>

#include "base/errors.hpp"

namespace dream::rerank {

std::vector<RetrievedChunk> in_order(std::vector<RetrievedChunk> hits, std::span<const float> scores) {
  DREAM_CHECK(hits.size() == scores.size(), "a score for each hit");
  for (std::size_t i = 0; i < hits.size(); ++i)
    hits[i].score = std::isfinite(scores[i]) ? scores[i] : no_score;
  std::ranges::stable_sort(hits, [](const auto& a, const auto& b) {
    if (a.score != b.score) return a.score > b.score;
    return a.score != no_score && a.chunk < b.chunk;
  });
  return hits;
}

}  // namespace dream::rerank
