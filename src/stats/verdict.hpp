#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "stats/step_down.hpp"

namespace dream::stats {

/// What the scores of one metric say about the trials. Trials are numbers of rows.
struct Verdict {
  int winner = -1;  ///< highest mean over the questions used, the first of equals; -1: nothing to compare
  std::vector<int>
      ties;  ///< trials that cannot be told from the winner, by falling mean; empty: a clear winner
  std::vector<int> set_aside;  ///< trials with too few values to be compared
  std::int64_t questions = 0;  ///< questions used
  std::int64_t clusters = 0;   ///< clusters that these are in; = questions without clusters
  double filled = 0;           ///< share of the values compared that were missing and had to be estimated
  std::vector<double> means;   ///< by trial, over the questions used; NaN for those set aside
  std::vector<double> p;  ///< by trial, adjusted (step_down.hpp); 1 for the winner, NaN for those set aside
  int second = -1;        ///< the best of the ties, or of all others when there are none; -1: no other trial
  double difference = 0;  ///< winner - second
  Interval interval;      ///< of the difference, of these two alone
  std::int64_t more_questions = 0;  ///< to separate the two; 0: they are apart, -1: more than a million
  std::string sentence;             ///< all this in plain words
};

struct VerdictInput {
  const ScoreMatrix* scores = nullptr;  ///< higher is better
  std::span<const std::string> names;   ///< of the trials
  std::string metric;
  std::span<const std::int32_t> cluster;  ///< of the questions, or empty
  double min_coverage = 0.8;  ///< a trial with values for a smaller share of the questions is set aside
};

/// The first half of judge_trials(), which takes the time: count_resamples() of the trials that can be
/// compared; empty when none can.
[[nodiscard]] std::vector<std::int64_t> count_resamples(const VerdictInput& input, const Options& options,
                                                        const Pulse& pulse, const Share& share = {});

/// The second half: the verdict from the counts of all resamples.
[[nodiscard]] Verdict judge_trials(const VerdictInput& input, const Options& options,
                                   std::span<const std::int64_t> counts);

/// Compares on the questions for which every trial has a value, when these are at least 90 % of those that
/// any trial has; else on all of them, with gaps filled (docs/statistics.md). Deterministic for a seed. Never
/// throws for data: without two questions, or with one trial, the sentence says so.
[[nodiscard]] Verdict judge_trials(const VerdictInput& input, const Options& options, const Pulse& pulse);

}  // namespace dream::stats
