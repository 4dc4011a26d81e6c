#pragma once
#include <span>
#include <vector>

#include "judge/readings.hpp"
#include "sweep/language_models.hpp"

namespace dream::sweep {

/// What the judge said of one answer.
struct Heard {
  score::Testimony said;
  judge::Noise noise;  ///< of all verdicts that were asked for more than once
  bool final = true;   ///< false: a request failed for a reason that may pass
};

/// Asks the config's judge about answers, for all ranks together: statements and verdicts in one go, then what needs the
/// statements; after each, one request to mend every reply that does not fit. An equal request of any rank, trial or
/// earlier run is asked once. Collective.
[[nodiscard]] std::vector<Heard> hear(const Run& run, LanguageModels& models, std::span<const score::JudgeInput> inputs);

}  // namespace dream::sweep
