#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "base/pulse.hpp"
#include "stats/paired.hpp"

namespace dream::stats {

/// Scores of trials for questions: (trials, questions) row-major, so that a trial's scores lie together; NaN:
/// no value.
struct ScoreMatrix {
  int trials = 0;
  int questions = 0;
  std::vector<double> values;

  ScoreMatrix() = default;
  ScoreMatrix(int t, int q)
      : trials(t), questions(q), values(static_cast<std::size_t>(t) * static_cast<std::size_t>(q)) {}
  [[nodiscard]] std::span<double> row(int t) {
    return std::span(values).subspan(offset(t), static_cast<std::size_t>(questions));
  }
  [[nodiscard]] std::span<const double> row(int t) const {
    return std::span(values).subspan(offset(t), static_cast<std::size_t>(questions));
  }

 private:
  [[nodiscard]] std::size_t offset(int t) const {
    return static_cast<std::size_t>(t) * static_cast<std::size_t>(questions);
  }
};

/// best: the trial with the highest mean, the first of equals. p[t]: p-value of "trial t is as good as the
/// best", adjusted for looking at all trials and for choosing the best by the same scores; 1 for the best
/// itself.
struct StepDown {
  int best = 0;
  std::vector<double> p;
};

/// A part of the resamples: those whose number is `at` modulo `of`.
struct Share {
  int at = 0;
  int of = 1;
};

/// The first half of step_down(): how often, among a share of the resamples, each step was reached. Counts of
/// all shares add up to those of the whole, so ranks can draw them together. Time: resamples / share.of *
/// trials * (clusters + trials / 2); memory: trials * (clusters + trials) numbers. Calls `pulse`.
[[nodiscard]] std::vector<std::int64_t> count_resamples(const ScoreMatrix& scores,
                                                        std::span<const std::int32_t> cluster,
                                                        const Options& options, const Pulse& pulse,
                                                        const Share& share = {});

/// The second half: p-values from the counts of all resamples.
[[nodiscard]] StepDown step_down(const ScoreMatrix& scores, std::span<const std::int32_t> cluster,
                                 const Options& options, std::span<const std::int64_t> counts);

/// Westfall and Young's max-T step-down under sign flips that all trials share. A resample's statistic is the
/// largest studentised difference between any two trials still in the set, since in a resample any of them
/// may look best (docs/statistics.md). scores: at least one trial and one question, no NaN. cluster: as in
/// differences(). All sign patterns when these are no more than options.resamples. Deterministic for a seed.
[[nodiscard]] StepDown step_down(const ScoreMatrix& scores, std::span<const std::int32_t> cluster,
                                 const Options& options, const Pulse& pulse);

}  // namespace dream::stats
