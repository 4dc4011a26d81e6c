#include "stages/score/metrics.hpp"

#include <algorithm>

#include "base/errors.hpp"

namespace dream::score {

std::string_view name_of(Need need) {
  switch (need) {
    case Need::answer:
      return "answer";
    case Need::contexts:
      return "contexts";
    case Need::reference:
      return "reference";
    case Need::embedder:
      return "embedder";
    case Need::judge:
      return "judge";
    case Need::gold:
      return "gold";
  }
  throw InternalError("a need without a name");
}

bool MetricRow::needs_any(Need need) const {
  return std::find(needs.begin(), needs.end(), need) != needs.end();
}

std::span<const MetricRow> metrics() {
  using enum Need;
  static const std::vector<Need> both{answer, reference};
  static const std::vector<MetricRow> rows{
      {"faithfulness",
       "share of the answer's statements that the contexts support",
       0,
       1,
       {answer, contexts, judge}},
      {"answer_relevancy",
       "how close the answer is to the question; 0 for an evasive answer",
       -1,
       1,
       {answer, embedder, judge}},
      {"context_precision",
       "whether the useful contexts come first (average precision)",
       0,
       1,
       {contexts, reference, judge}},
      {"context_recall",
       "share of the reference's statements that the contexts support",
       0,
       1,
       {contexts, reference, judge}},
      {"answer_correctness",
       "agreement with the reference: 3/4 statements (F1), 1/4 similarity",
       -0.25,
       1,
       {answer, reference, embedder, judge}},
      {"answer_similarity", "cosine of answer and reference", -1, 1, {answer, reference, embedder}},
      {"exact_match", "1 when answer and reference are equal but for case, marks and articles", 0, 1, both},
      {"token_f1", "F1 of the words of answer and reference", 0, 1, both},
      {"rouge_l", "F of the longest common subsequence of words", 0, 1, both},
      {"bleu", "n-grams of words that the reference has, up to four (sacrebleu)", 0, 1, both},
      {"chrf", "n-grams of characters that both have, up to six (sacrebleu)", 0, 1, both},
      {"numeric_match", "share of the reference's quantities that the answer has", 0, 1, both},
      {"quoted_spans", "share of the answer's quotations that stand in a context", 0, 1, {answer, contexts}},
      {"hit_rate", "1 when any context is relevant gold", 0, 1, {gold}},
      {"recall", "share of the gold that the contexts cover", 0, 1, {gold}},
      {"mrr", "1 / rank of the first relevant context", 0, 1, {gold}},
      {"ndcg", "discounted gain of the gold found, as a share of the best possible", 0, 1, {gold}},
  };
  return rows;
}

const MetricRow* metric_row(std::string_view name) {
  const auto rows = metrics();
  const auto found =
      std::find_if(rows.begin(), rows.end(), [name](const MetricRow& row) { return row.name == name; });
  return found == rows.end() ? nullptr : &*found;
}

double f_measure(double true_positives, double false_positives, double false_negatives) {
  if (true_positives <= 0) return 0;
  return true_positives / (true_positives + 0.5 * (false_positives + false_negatives));
}

double average_precision(std::span<const bool> verdicts) {
  double relevant = 0;
  double sum = 0;
  for (std::size_t i = 0; i < verdicts.size(); ++i) {
    if (!verdicts[i]) continue;
    relevant += 1;
    sum += relevant / static_cast<double>(i + 1);
  }
  return relevant > 0 ? sum / relevant : 0;
}

double correctness(double f, double similarity) {
  return (correctness_weight_f * f + correctness_weight_similarity * similarity) /
         (correctness_weight_f + correctness_weight_similarity);
}

}  // namespace dream::score
