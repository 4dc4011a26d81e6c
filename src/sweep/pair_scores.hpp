#pragma once
#include <span>
#include <string>
#include <unordered_set>
#include <vector>

#include "calls/usage.hpp"
#include "stages/rerank/reranker.hpp"
#include "sweep/model_rows.hpp"

namespace dream::sweep {

/// Scores pairs of question and passage for all ranks together, by a model in this program or behind an
/// endpoint; a pair is scored once, however many ranks, methods, embedders or trials hold it. A pair that an
/// endpoint refuses for good has rerank::no_score.
class PairScores {
 public:
  PairScores(Run& run, const std::string& reranker);

  /// Shows with a first short pair, whose score is kept like any other, what an endpoint makes of our
  /// requests. Collective. Throws EndpointError when it refuses.
  void greet();

  /// A score for each pair, in order. Collective: every rank calls it, with any number of pairs. Throws
  /// EndpointError when pairs could not be scored for reasons that may pass.
  [[nodiscard]] std::vector<float> score(std::span<const rerank::Pair> pairs);

  /// Counts what score() would ask of the endpoint, without asking; a pair that came up before counts once.
  /// Collective.
  void foresee(std::span<const rerank::Pair> pairs);
  /// The same of greet(). Collective.
  void foresee_greeting();
  /// Of the calls whose home is here.
  [[nodiscard]] const calls::AskCounts& foreseen() const { return foreseen_; }

 private:
  [[nodiscard]] std::vector<Request> requests_of(std::span<const rerank::Pair> pairs) const;
  void count(const std::vector<Request>& requests);

  Run& run_;
  const calls::Endpoint* there_;  ///< null: the model is in this program
  ModelRows rows_;
  std::unordered_set<Digest> counted_;
  calls::AskCounts foreseen_;
};

}  // namespace dream::sweep
