#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/pulse.hpp"
#include "report/record.hpp"
#include "stats/paired.hpp"

namespace dream::report {

/// Two trials over the questions that both sweeps asked; of b - a.
struct ComparedTrials {
  std::size_t a = 0;  ///< places in their records
  std::size_t b = 0;
  stats::PairedComparison difference;
  double mean_a = 0;  ///< over the same questions
  double mean_b = 0;
  double p = 1;  ///< adjusted for the number of trials compared (Holm)
};

/// What two sweeps say about each other. Questions are the same when id and text are.
struct Comparison {
  std::string metric;
  std::int64_t common_questions = 0;
  std::int64_t changed_questions = 0;  ///< one id, two texts: left out
  std::int64_t only_a = 0;             ///< questions that the other did not ask
  std::int64_t only_b = 0;
  std::optional<ComparedTrials> best;  ///< the highest of each; none without a common question that both have
  std::vector<ComparedTrials> trials;  ///< those with the same choices, in a's order
  struct Setting {
    std::string key, a, b;  ///< "" where a sweep does not have it
  };
  std::vector<Setting> settings;  ///< that differ, but for names of folders and of the sweep
};

/// metric: one that both sweeps have. Throws ConfigError.
[[nodiscard]] Comparison compare(const Record& a, const Record& b, std::string_view metric,
                                 const Pulse& pulse);

/// As Markdown: a sentence, cautions, the trials that both have, the settings that differ.
[[nodiscard]] std::string describe(const Comparison& comparison, const Record& a, const Record& b);

}  // namespace dream::report
