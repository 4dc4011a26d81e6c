#pragma once
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/digest.hpp"
#include "base/params.hpp"
#include "base/pulse.hpp"
#include "stages/types.hpp"

namespace dream::score {

/// What a judge sees of one trial's answer to one question. Views: the caller keeps the texts.
struct JudgeInput {
  std::string_view question;
  std::string_view answer;                ///< empty when there is none
  std::span<const std::string> contexts;  ///< in rank order
  std::string_view reference;
};

/// Cosine of the vectors of two texts. Empty (no embedder): metrics that need one have the reason
/// "no_embedder".
using Similarity = std::function<double(std::string_view, std::string_view)>;

/// Metric name -> value or reason. Every judge returns all six of its metrics for every input.
using Scores = std::map<std::string, Score>;

/// Gives the six metrics that need judgement: faithfulness, answer_relevancy, context_precision,
/// context_recall, answer_correctness, answer_similarity. Reasons for a missing value: "empty_answer",
/// "no_reference", "no_context", "no_statements", "no_embedder", and those of the endpoint for a judge that
/// calls one.
class Judge {
 public:
  virtual ~Judge() = default;
  /// Digest of all that decides the scores but the inputs and the embedder: rules, prompts, model,
  /// parameters.
  [[nodiscard]] virtual Digest identity() const = 0;
  /// What similarity() will be asked for this input, so that the caller can embed all texts of a phase at
  /// once.
  [[nodiscard]] virtual std::vector<std::pair<std::string_view, std::string_view>> pairs(
      const JudgeInput& input) const = 0;
  /// Scores of each input, in their order; an input's scores do not depend on the others. A judge with a
  /// remote model may have many of them in flight. Calls `pulse` between items.
  [[nodiscard]] virtual std::vector<Scores> judge(std::span<const JudgeInput> inputs,
                                                  const Similarity& similarity, const Pulse& pulse) const = 0;
};

/// The judge "overlap": no model; statements are sentences and verdicts come from shared words
/// (docs/metrics.md). params: as overlap_info() describes. Safe from several threads.
[[nodiscard]] std::unique_ptr<Judge> make_overlap_judge(const Params& params);
[[nodiscard]] const ComponentInfo& overlap_info();

/// True when an answer has one of a fixed list of English phrases that say nothing: "I don't know", "the
/// context does not ...".
[[nodiscard]] bool is_evasive(std::string_view answer);

}  // namespace dream::score
