#pragma once
#include <map>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "stages/score/judge.hpp"
#include "stages/types.hpp"

namespace dream::score {

/// A retrieved context as its place in the corpus: the spans of its Chunk's `context` text.
struct ContextPlace {
  Digest document;
  std::vector<Span> spans;  ///< in any order; may overlap
};

/// Bytes of `spans`, each counted once, that lie in `window`.
[[nodiscard]] std::int64_t covered_bytes(std::vector<Span> spans, Span window);

/// Whether a context is evidence for a place: it covers at least half of it, or at least half of the context
/// lies in it; for a whole document, whether it comes from there.
[[nodiscard]] bool is_relevant(const ContextPlace& context, const GoldSpan& gold);

/// hit_rate, recall, mrr and ndcg of one question (docs/metrics.md defines them). contexts: in rank order.
/// Without gold all four have the reason "no_gold"; without contexts they are 0.
[[nodiscard]] Scores retrieval_scores(std::span<const ContextPlace> contexts, std::span<const GoldItem> gold);

/// nDCG@k as trec_eval and pytrec_eval count it: the gain of a document is its grade, the discount log2(rank
/// + 1), the ideal order takes all judged documents. 0 when no grade is positive. ranked: document ids, best
/// first, none twice; grades: of the judged documents, others count 0. (pytrec_eval itself orders equal
/// scores by descending id.)
[[nodiscard]] double ndcg_at_k(std::span<const std::string> ranked,
                               const std::unordered_map<std::string, int>& grades, int k);

}  // namespace dream::score
