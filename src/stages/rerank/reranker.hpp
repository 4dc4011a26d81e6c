#pragma once
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/digest.hpp"
#include "base/params.hpp"
#include "base/pulse.hpp"
#include "model/weight_memory.hpp"

namespace dream::rerank {

/// A question and a passage that may answer it.
struct Pair {
  std::string_view query, passage;
};

/// Says how well passages answer questions; it reads both at once, where an embedder reads each alone. One
/// object per rank; score() uses its own threads and is called from one thread.
class Reranker {
 public:
  virtual ~Reranker() = default;
  /// Digest of all that decides the scores: weights, tokenizer, window, precision, numeric class. It enters
  /// keys.
  [[nodiscard]] virtual Digest identity() const = 0;
  /// In which numbers it computes, for log and manifest: "fp32", "bf16" or "int8".
  [[nodiscard]] virtual std::string precision() const = 0;
  /// As an embedder's.
  [[nodiscard]] virtual std::int64_t weight_bytes() const { return 0; }
  virtual void place_weights(model::WeightMemory memory) { (void)memory; }
  /// out: a score for each pair, the better the higher. It does not depend, in any bit, on the other pairs of
  /// the call. Calls `pulse` between batches.
  virtual void score(std::span<const Pair> pairs, std::span<float> out, const Pulse& pulse) const = 0;
};

/// A row of the table of reranker kinds (`kind` of a [models.*] table).
struct RerankerRow {
  ComponentInfo info;
  /// threads: how many this rank may use. Throws ModelError for files that are missing or do not fit.
  std::unique_ptr<Reranker> (*make)(const Params&, int threads);
};

[[nodiscard]] std::span<const RerankerRow> rerankers();
/// The row of that kind, or nullptr when the kind is no reranker.
[[nodiscard]] const RerankerRow* reranker_row(std::string_view kind);

}  // namespace dream::rerank
