#include "stages/score/ragas.hpp"

#include <algorithm>
#include <cmath>

#include "base/errors.hpp"
#include "stages/score/metrics.hpp"

namespace dream::score {
namespace {

constexpr std::string_view blank = " ";

Score missing(std::string reason) { return {0, std::move(reason)}; }

bool has_words(std::string_view text) { return text.find_first_not_of(" \t\r\n") != std::string_view::npos; }

bool needs(std::string_view metric, Need need) { return metric_row(metric)->needs_any(need); }

/// A verdict as a number: the collections classes of 0.4 add up what the judge wrote, a 2 counting twice.
double number(const RuleSet& rules, std::int64_t verdict) {
  if (rules.rules == Rules::ragas_0_4 && !rules.strict) return static_cast<double>(verdict);
  return verdict != 0 ? 1 : 0;
}

double total(const RuleSet& rules, const Verdicts& verdicts) {
  double sum = 0;
  for (const auto& verdict : verdicts) sum += number(rules, verdict.verdict);
  return sum;
}

Score finite(double value) { return std::isfinite(value) ? Score{value, ""} : missing("no_vector"); }

/// What answer_similarity compares. The peers of 0.4 put a blank in the place of an empty text.
std::pair<std::string_view, std::string_view> compared(const RuleSet& rules, const JudgeInput& input) {
  if (rules.rules == Rules::ragas_0_1) return {input.reference, input.answer};
  return {input.reference.empty() ? blank : input.reference, input.answer.empty() ? blank : input.answer};
}

/// What answer_correctness compares: the collections classes take the texts as they are.
std::pair<std::string_view, std::string_view> compared_in_correctness(const RuleSet& rules,
                                                                      const JudgeInput& input) {
  if (rules.rules == Rules::ragas_0_4) return {input.reference, input.answer};
  return compared(rules, input);
}

/// The made-up questions that count: one without text says nothing, but the older classes embed it all the
/// same.
std::vector<const MadeUp*> counted(const RuleSet& rules, const Testimony& said) {
  const bool skip_empty = rules.strict || rules.rules == Rules::ragas_0_4;
  std::vector<const MadeUp*> out;
  for (const auto& one : said.made_up) {
    if (one.reason.empty() && !(skip_empty && one.value.question.empty())) out.push_back(&one.value);
  }
  return out;
}

Score faithfulness(const RuleSet& rules, const JudgeInput& input, const Testimony& said) {
  if (!said.answer.reason.empty()) return missing(said.answer.reason);
  if (!asks_support(rules, input, said)) return missing("no_statements");
  if (!said.support.reason.empty()) return missing(said.support.reason);
  const auto& verdicts = said.support.value;
  if (verdicts.empty()) return missing("no_verdicts");
  const auto yes = std::ranges::count_if(verdicts, [](const Verdict& v) { return v.verdict != 0; });
  return {static_cast<double>(yes) / static_cast<double>(verdicts.size()), ""};
}

Score answer_relevancy(const RuleSet& rules, const JudgeInput& input, const Testimony& said,
                       const Similarity& similarity) {
  for (const auto& one : said.made_up) {
    if (!one.reason.empty()) return missing(one.reason);
  }
  const auto questions = counted(rules, said);
  const bool none = std::ranges::all_of(questions, [](const MadeUp* one) { return one->question.empty(); });
  if (none) return rules.rules == Rules::ragas_0_4 && !rules.strict ? Score{0, ""} : missing("no_question");
  const auto evades = [](const MadeUp* one) { return one->noncommittal != 0; };
  // One evasive sample of three is enough for 0.1, and all must be for 0.4: the largest jump between the
  // versions.
  const bool evasive = rules.rules == Rules::ragas_0_1 ? std::ranges::any_of(questions, evades)
                                                       : std::ranges::all_of(questions, evades);
  if (evasive && rules.strict) return {0, ""};
  if (!similarity) return missing("no_embedder");
  double sum = 0;
  for (const auto* one : questions) sum += similarity(input.question, one->question);
  return finite(sum / static_cast<double>(questions.size()) * (evasive ? 0 : 1));
}

Score context_precision(const RuleSet& rules, const Testimony& said) {
  double yes = 0;
  double sum = 0;
  for (std::size_t i = 0; i < said.useful.size(); ++i) {
    if (!said.useful[i].reason.empty()) return missing(said.useful[i].reason);
    const auto verdict = number(rules, said.useful[i].value);
    yes += verdict;
    sum += verdict * yes / static_cast<double>(i + 1);
  }
  // The peers' guard against 0 / 0 makes a perfect score 0.9999999999.
  if (!rules.strict) return {sum / (yes + 1e-10), ""};
  return {yes > 0 ? sum / yes : 0, ""};
}

Score context_recall(const RuleSet& rules, const Testimony& said) {
  if (!said.attribution.reason.empty()) return missing(said.attribution.reason);
  const auto& verdicts = said.attribution.value;
  if (verdicts.empty()) return missing("no_verdicts");
  return {total(rules, verdicts) / static_cast<double>(verdicts.size()), ""};
}

Score answer_similarity(const RuleSet& rules, const JudgeInput& input, const Similarity& similarity) {
  if (!similarity) return missing("no_embedder");
  const auto [a, b] = compared(rules, input);
  return finite(similarity(a, b));
}

/// F1 of the classes. The two generations agree but where nothing was classified.
Score f_of(const RuleSet& rules, const Classes& classes) {
  const auto [tp, fp, fn] = classes;
  if (tp + fp + fn > 0)
    return {f_measure(static_cast<double>(tp), static_cast<double>(fp), static_cast<double>(fn)), ""};
  if (rules.strict) return missing("no_verdicts");
  return {rules.rules == Rules::ragas_0_4 ? 1.0 : 0.0, ""};
}

Score f_of_answer(const RuleSet& rules, const JudgeInput& input, const Testimony& said) {
  if (rules.rules != Rules::ragas_0_1) {
    for (const auto* list : {&said.answer, &said.reference}) {
      if (!list->reason.empty()) return missing(list->reason);
    }
    if (!asks_classes(rules, input, said)) return rules.strict ? missing("no_statements") : Score{1, ""};
  }
  if (!said.classes.reason.empty()) return missing(said.classes.reason);
  return f_of(rules, said.classes.value);
}

Score answer_correctness(const RuleSet& rules, const JudgeInput& input, const Testimony& said,
                         const Similarity& similarity) {
  const auto f = f_of_answer(rules, input, said);
  if (!f.has_value()) return f;
  if (!similarity) return missing("no_embedder");
  const auto [a, b] = compared_in_correctness(rules, input);
  const auto cosine = similarity(a, b);
  // To the collections classes a text without direction is a text that is not alike.
  const bool unlike = std::isnan(cosine) && rules.rules == Rules::ragas_0_4 && !rules.strict;
  return finite(correctness(f.value, unlike ? 0 : cosine));
}

}  // namespace

const std::vector<std::string>& rule_names() {
  static const std::vector<std::string> names{"ragas-0.4", "ragas-0.4-legacy", "ragas-0.1"};
  return names;
}

Rules rules_of(std::string_view name) {
  const auto& names = rule_names();
  const auto at = std::ranges::find(names, name);
  DREAM_CHECK(at != names.end(), "the config has checked judge.rules");
  return static_cast<Rules>(at - names.begin());
}

std::string lacks(const RuleSet& rules, std::string_view metric, const JudgeInput& input) {
  // The collections classes refuse what is empty, but for the two that compare answer and reference.
  const bool asked_anyway =
      rules.rules != Rules::ragas_0_4 || metric == "answer_correctness" || metric == "answer_similarity";
  const auto has = [&](std::string_view text) {
    return rules.strict ? has_words(text) : asked_anyway || !text.empty();
  };
  if (needs(metric, Need::answer) && !has(input.answer)) return "empty_answer";
  if (needs(metric, Need::reference) && !has(input.reference)) return "no_reference";
  if (!needs(metric, Need::contexts)) return "";
  const bool context =
      rules.strict ? std::ranges::any_of(input.contexts, has_words) : asked_anyway || !input.contexts.empty();
  return context ? "" : "no_context";
}

bool asks_support(const RuleSet& rules, const JudgeInput& input, const Testimony& said) {
  if (!lacks(rules, "faithfulness", input).empty() || !said.answer.reason.empty()) return false;
  return !said.answer.value.empty() || (rules.rules == Rules::ragas_0_1 && !rules.strict);
}

bool asks_classes(const RuleSet& rules, const JudgeInput& input, const Testimony& said) {
  if (rules.rules == Rules::ragas_0_1 || !lacks(rules, "answer_correctness", input).empty()) return false;
  if (!said.answer.reason.empty() || !said.reference.reason.empty()) return false;
  const bool answer = !said.answer.value.empty();
  const bool reference = !said.reference.value.empty();
  return rules.rules == Rules::ragas_0_4 ? answer && reference : answer || reference;
}

std::vector<std::pair<std::string_view, std::string_view>> pairs(const RuleSet& rules,
                                                                 const JudgeInput& input,
                                                                 const Testimony& said) {
  std::vector<std::pair<std::string_view, std::string_view>> out;
  if (lacks(rules, "answer_relevancy", input).empty()) {
    for (const auto* one : counted(rules, said)) out.emplace_back(input.question, one->question);
  }
  if (lacks(rules, "answer_similarity", input).empty()) {
    out.push_back(compared(rules, input));
    const auto other = compared_in_correctness(rules, input);
    if (other != out.back()) out.push_back(other);
  }
  return out;
}

Scores scores(const RuleSet& rules, const JudgeInput& input, const Testimony& said,
              const Similarity& similarity) {
  const std::map<std::string, std::function<Score()>> metrics{
      {"faithfulness", [&] { return faithfulness(rules, input, said); }},
      {"answer_relevancy", [&] { return answer_relevancy(rules, input, said, similarity); }},
      {"context_precision", [&] { return context_precision(rules, said); }},
      {"context_recall", [&] { return context_recall(rules, said); }},
      {"answer_similarity", [&] { return answer_similarity(rules, input, similarity); }},
      {"answer_correctness", [&] { return answer_correctness(rules, input, said, similarity); }}};
  Scores out;
  for (const auto& [metric, score] : metrics) {
    auto reason = lacks(rules, metric, input);
    out[metric] = reason.empty() ? score() : missing(std::move(reason));
  }
  return out;
}

}  // namespace dream::score
