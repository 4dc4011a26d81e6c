#pragma once
#include <limits>
#include <span>
#include <vector>

#include "stages/types.hpp"

namespace dream::rerank {

/// The score of a passage that a reranker refused: the lowest, so that it stands behind all others.
constexpr float no_score = std::numeric_limits<float>::lowest();

/// The hits of one question with new scores, best first; ties: lower chunk id first, as in a search. Hits
/// without a score (no_score, or no number) get no_score and come last, in the order given.
[[nodiscard]] std::vector<RetrievedChunk> in_order(std::vector<RetrievedChunk> hits,
                                                   std::span<const float> scores);

}  // namespace dream::rerank
