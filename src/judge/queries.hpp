#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "judge/prompts.hpp"
#include "stages/score/ragas.hpp"

namespace dream::judge {

/// Raised when the same replies give other scores, or the same row other requests; enters keys.
inline constexpr int version = 2;

/// How a sweep's answers are judged.
struct Settings {
  score::RuleSet rules;
  std::int64_t repeats = 1;  ///< odd
  bool json_schema = false;
  Prompts prompts;
};

/// One request to the judge. Which slot of a testimony it fills: the text (0 answer, 1 reference) of
/// `statements`, the sample of `question`, the rank of `usefulness`. What a request does not need is not in
/// it, so that equal requests are equal bytes: usefulness depends on question, passage and reference alone,
/// whatever the trial.
struct Query {
  Step step = Step::statements;
  std::size_t slot = 0;
  std::int64_t sample = 0;  ///< 0, 1, ... of equal requests
  std::string input;        ///< JSON
};

/// What can be asked at once. The `repeats` samples of a request stand together.
[[nodiscard]] std::vector<Query> first_queries(const Settings& settings, const score::JudgeInput& input);

/// What is asked with the statements that the first replies gave.
[[nodiscard]] std::vector<Query> second_queries(const Settings& settings, const score::JudgeInput& input,
                                                const score::Testimony& said);

/// The most requests that a row of `contexts` contexts can take, without those that mend a reply.
[[nodiscard]] std::int64_t most_queries(score::Rules rules, std::int64_t repeats, std::int64_t contexts);

}  // namespace dream::judge
