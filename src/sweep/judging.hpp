#pragma once
#include <map>
#include <span>
#include <string>
#include <vector>

#include "judge/readings.hpp"
#include "sweep/language_models.hpp"

namespace dream::sweep {

/// The language model of the sweep that is its judge as well, or "": a judge likes its own words best, so
/// trials with that model have a lead that they did not earn. Models are the same when they have the same
/// name at the same address.
[[nodiscard]] std::string judge_of_itself(const config::Config& config);

/// What the judge said of one answer.
struct Heard {
  score::Testimony said;
  std::vector<score::Testimony> samples;  ///< as if each sample had been the only one; empty without repeats
  std::map<std::string, judge::Noise> noise;  ///< by metric
  std::vector<Remark> remarks;                ///< its verdicts one by one, in the order of the requests
  bool final = true;                          ///< false: a request failed for a reason that may pass
};

/// Asks the config's judge about answers, for all ranks together: statements and verdicts in one go, then
/// what needs the statements; after each, one request to mend every reply that does not fit. An equal request
/// of any rank, trial or earlier run is asked once. Collective.
[[nodiscard]] std::vector<Heard> hear(const Run& run, LanguageModels& models,
                                      std::span<const score::JudgeInput> inputs);

}  // namespace dream::sweep
