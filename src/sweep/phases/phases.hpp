#pragma once
#include "golden/gold.hpp"
#include "sweep/outcome.hpp"
#include "sweep/run_context.hpp"

/// A stage each, in the order in which they run. Each makes the parts of its nodes that the state folder does
/// not hold, on all workers together, and leaves nothing in memory: the next stage reads parts. All are
/// collective.
namespace dream::sweep {

void chunk_documents(Run& run);
/// names: of the documents; read on rank 0 only. passages: of each question. Every rank gets the gold.
[[nodiscard]] golden::Gold find_gold(Run& run, const golden::DocumentNames& names,
                                     std::span<const std::vector<golden::Passage>> passages);
void embed_chunks(Run& run);
void embed_questions(Run& run);
void build_indexes(Run& run);
void search_indexes(Run& run);
/// What rerank_hits() would ask of endpoints, without asking; nothing when no reranker is behind one. On
/// rank 0.
[[nodiscard]] std::optional<Forecast> foresee_reranking(Run& run);
void rerank_hits(Run& run);
void select_contexts(Run& run);
/// Asks language models behind endpoints what answer_and_score() will ask about so many questions, evenly
/// spaced, in all trials: foresee_calls() learns from it, and the calls are kept and never made again.
void ask_pilot(Run& run, const golden::Gold& gold, std::int64_t questions);
/// What answer_and_score() would ask of language models behind endpoints, without asking. On rank 0.
[[nodiscard]] Forecast foresee_calls(Run& run, const golden::Gold& gold);
/// Returns how many rows, over all ranks, have a passing reason and will be tried again by the next run.
[[nodiscard]] std::int64_t answer_and_score(Run& run, const golden::Gold& gold);

}  // namespace dream::sweep
