#include <algorithm>

#include "lexical/words.hpp"
#include "stages/score/text_metrics.hpp"

namespace dream::score {
namespace {

/// The best that a metric gives against any accepted reference.
template <class Metric>
Score best(const GoldenQuestion& question, Metric metric) {
  double value = metric(question.reference);
  for (const auto& other : question.alternatives) value = std::max(value, metric(other));
  return {value, ""};
}

Score numeric(const GoldenQuestion& question, std::string_view answer) {
  auto value = numeric_match(answer, question.reference);
  for (const auto& other : question.alternatives) value = std::max(value, numeric_match(answer, other));
  return value ? Score{*value, ""} : Score{0, "no_number"};
}

Score quoted(std::string_view answer, std::span<const std::string> contexts) {
  const auto value = quoted_spans(answer, contexts);
  if (!value) return {0, "no_quotation"};
  return contexts.empty() ? Score{0, "no_context"} : Score{*value, ""};
}

/// A reader that found nothing has said so; a call that failed has said nothing.
bool stays_silent(const Answer& answer) {
  return answer.reason.empty() || answer.reason == "no_context" || answer.reason == "no_evidence";
}

}  // namespace

Scores text_scores(const GoldenQuestion& question, const Answer& answer,
                   std::span<const std::string> contexts) {
  const std::string_view text = answer.text;
  const bool empty = lexical::words(text).empty();
  Scores scores;
  for (const auto* metric : {"exact_match", "token_f1", "rouge_l", "bleu", "chrf", "numeric_match"})
    scores[metric] = {0, empty ? "empty_answer" : "no_reference"};
  scores["quoted_spans"] = empty ? Score{0, "empty_answer"} : quoted(text, contexts);
  const bool compared = !empty && !question.reference.empty();
  const auto against = [&](auto metric) {
    return best(question, [&](std::string_view reference) { return metric(text, reference); });
  };
  if (question.unanswerable) {
    if (!empty || stays_silent(answer))
      scores["exact_match"] = scores["token_f1"] = {empty || is_evasive(text) ? 1.0 : 0.0, ""};
  } else if (compared) {
    scores["exact_match"] = against(exact_match);
    scores["token_f1"] = against(token_f1);
  }
  if (!compared) return scores;
  scores["rouge_l"] = against(rouge_l);
  scores["bleu"] = against(bleu);
  scores["chrf"] = against(chrf);
  scores["numeric_match"] = numeric(question, text);
  return scores;
}

}  // namespace dream::score
