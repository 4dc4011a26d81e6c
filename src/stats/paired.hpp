#pragma once
#include <cstdint>
#include <span>
#include <vector>

namespace dream::stats {

/// How often to resample, and how sure to be.
struct Options {
  std::uint64_t seed = 17;
  int resamples = 10'000;
  double confidence = 0.95;  ///< 1 - the level at which differences count as real
};

struct Interval {
  double low = 0;
  double high = 0;
};

/// expanded_bca widens the tails of BCa as Student's t does those of a normal mean, since a resample of n
/// clusters spreads less than n new ones would: 95 % of 40 clusters then hold what they say
/// (docs/statistics.md).
enum class IntervalKind { percentile, bca, expanded_bca };

/// Two trials over the questions for which both have a value.
struct PairedComparison {
  std::int64_t questions = 0;
  std::int64_t clusters = 0;  ///< = questions without clusters
  double mean = 0;            ///< of a - b
  double standard_error = 0;  ///< of the mean, by clusters
  Interval interval;          ///< expanded BCa bootstrap of the mean
  double p = 1;               ///< two-sided sign-flip test of mean 0
  bool exact = false;         ///< all sign patterns were counted
};

/// Differences of two trials, summed by cluster.
struct Differences {
  std::vector<std::int64_t>
      sums;  ///< fixed-point (stats/fixed.hpp), one for each cluster that has a question
  std::vector<std::int64_t> counts;  ///< questions of the cluster
};

/// a, b: (Q); NaN: no value. cluster: (Q) numbers of any kind, or empty: each question is its own. Clusters
/// come in the order of their first question.
[[nodiscard]] Differences differences(std::span<const double> a, std::span<const double> b,
                                      std::span<const std::int32_t> cluster = {});

/// Two-sided p-value of "the differences are as likely negative as positive": how many sign patterns of the
/// clusters give a sum as far from 0. All patterns when these are no more than options.resamples (`exact`),
/// else random ones. Exact integers, so ties are ties. Deterministic for a seed. O(resamples * clusters).
struct SignFlip {
  double p = 1;
  bool exact = false;
};
[[nodiscard]] SignFlip sign_flip_test(const Differences& differences, const Options& options);

/// Bootstrap interval of the mean difference; clusters are drawn whole. BCa (Efron 1987), expanded as
/// Hesterberg (2015) expands percentiles, falls back to percentiles where it is not defined (no spread, fewer
/// than two clusters).
[[nodiscard]] Interval bootstrap_interval(const Differences& differences, IntervalKind kind,
                                          const Options& options);

/// All of it. Without a common question: questions = 0, p = 1.
[[nodiscard]] PairedComparison compare(std::span<const double> a, std::span<const double> b,
                                       std::span<const std::int32_t> cluster, const Options& options);

/// The mean of the values that are there, compared with 0: `mean`, `standard_error` and `interval` are its
/// own.
[[nodiscard]] PairedComparison estimate_mean(std::span<const double> values,
                                             std::span<const std::int32_t> cluster, const Options& options);

/// How many further questions would show a difference of this size at level `alpha` with 80 % power, when the
/// standard error shrinks as 1 / sqrt(questions). At least 1; -1 when that is more than a million (a
/// difference of 0, say).
[[nodiscard]] std::int64_t more_questions(double mean, double standard_error, std::int64_t questions,
                                          double alpha);

}  // namespace dream::stats
