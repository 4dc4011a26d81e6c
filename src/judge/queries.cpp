#include "judge/queries.hpp"

#include <nlohmann/json.hpp>

namespace dream::judge {
namespace {

using nlohmann::json;
using score::JudgeInput;
using score::Rules;

std::string text_of(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

std::string joined(std::span<const std::string> contexts) {
  std::string text;
  for (std::size_t i = 0; i < contexts.size(); ++i) text += (i > 0 ? "\n" : "") + contexts[i];
  return text;
}

/// Collects the queries of one row.
class Queries {
 public:
  explicit Queries(const Settings& settings) : settings_(settings) {}

  void ask(Step step, std::size_t slot, const json& input, std::int64_t first_sample = 0,
           std::int64_t samples = 1) {
    for (auto i = first_sample; i < first_sample + samples; ++i)
      out_.push_back({step, slot, i, text_of(input)});
  }
  /// A verdict, which is asked for `repeats` times.
  void ask_verdict(Step step, std::size_t slot, const json& input) {
    ask(step, slot, input, 0, settings_.repeats);
  }
  [[nodiscard]] std::vector<Query> take() { return std::move(out_); }

 private:
  const Settings& settings_;
  std::vector<Query> out_;
};

void ask_questions(Queries& queries, const Settings& settings, const JudgeInput& input) {
  json about{{"answer", input.answer}};
  if (settings.rules.rules == Rules::ragas_0_1) about["context"] = joined(input.contexts);
  // Samples of one request, told apart by their seeds: without that a server may give the same question again
  // and again.
  for (std::int64_t i = 0; i < score::relevancy_samples; ++i) {
    queries.ask(Step::question, static_cast<std::size_t>(i), about, i);
  }
}

}  // namespace

std::vector<Query> first_queries(const Settings& settings, const JudgeInput& input) {
  const auto wants = [&](const char* metric) { return score::lacks(settings.rules, metric, input).empty(); };
  const bool old = settings.rules.rules == Rules::ragas_0_1;
  Queries queries(settings);
  if (wants("faithfulness") || (!old && wants("answer_correctness"))) {
    queries.ask(Step::statements, 0, {{"question", input.question}, {"answer", input.answer}});
  }
  if (!old && wants("answer_correctness")) {
    queries.ask(Step::statements, 1, {{"question", input.question}, {"answer", input.reference}});
  }
  if (old && wants("answer_correctness")) {
    queries.ask_verdict(
        Step::classification, 0,
        {{"question", input.question}, {"answer", input.answer}, {"reference", input.reference}});
  }
  if (wants("answer_relevancy")) ask_questions(queries, settings, input);
  if (wants("context_precision")) {
    for (std::size_t i = 0; i < input.contexts.size(); ++i) {
      queries.ask_verdict(
          Step::usefulness, i,
          {{"question", input.question}, {"context", input.contexts[i]}, {"reference", input.reference}});
    }
  }
  if (wants("context_recall")) {
    queries.ask_verdict(
        Step::attribution, 0,
        {{"question", input.question}, {"context", joined(input.contexts)}, {"reference", input.reference}});
  }
  return queries.take();
}

std::vector<Query> second_queries(const Settings& settings, const JudgeInput& input,
                                  const score::Testimony& said) {
  Queries queries(settings);
  if (score::asks_support(settings.rules, input, said)) {
    queries.ask_verdict(Step::support, 0,
                        {{"context", joined(input.contexts)}, {"statements", said.answer.value}});
  }
  if (score::asks_classes(settings.rules, input, said)) {
    queries.ask_verdict(
        Step::classification, 0,
        {{"question", input.question}, {"answer", said.answer.value}, {"reference", said.reference.value}});
  }
  return queries.take();
}

std::int64_t most_queries(score::Rules rules, std::int64_t repeats, std::int64_t contexts) {
  const std::int64_t statements = rules == Rules::ragas_0_1 ? 1 : 2;
  const std::int64_t verdicts = contexts + 3;  // support, attribution, classification
  return statements + score::relevancy_samples + repeats * verdicts;
}

}  // namespace dream::judge
