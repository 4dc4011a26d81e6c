#include "stats/step_down.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <unordered_map>

#include "base/errors.hpp"
#include "stats/fixed.hpp"
#include "stats/random.hpp"

namespace dream::stats {
namespace {

using Sums = std::vector<std::int64_t>;

/// Fixed-point scores summed by cluster: (trials, clusters) row-major.
struct ClusterSums {
  std::size_t trials = 0;
  std::size_t clusters = 0;
  Sums values;

  [[nodiscard]] const std::int64_t* row(std::size_t t) const { return values.data() + t * clusters; }
};

ClusterSums cluster_sums(const ScoreMatrix& scores, std::span<const std::int32_t> cluster) {
  const auto questions = static_cast<std::size_t>(scores.questions);
  std::unordered_map<std::int32_t, std::size_t> places;
  std::vector<std::size_t> place(questions);
  for (std::size_t q = 0; q < questions; ++q) {
    place[q] = cluster.empty() ? q : places.emplace(cluster[q], places.size()).first->second;
  }
  ClusterSums out{static_cast<std::size_t>(scores.trials), cluster.empty() ? questions : places.size(), {}};
  out.values.resize(out.trials * out.clusters);
  for (std::size_t t = 0; t < out.trials; ++t) {
    const auto row = scores.row(static_cast<int>(t));
    for (std::size_t q = 0; q < questions; ++q) out.values[t * out.clusters + place[q]] += to_fixed(row[q]);
  }
  return out;
}

/// 1 / sqrt(sum of squared differences) of two trials; 0 for equal ones, whose difference is 0 under every
/// flip.
double weight_of(const ClusterSums& sums, std::size_t a, std::size_t b) {
  double squares = 0;
  for (std::size_t c = 0; c < sums.clusters; ++c) {
    const auto difference = static_cast<double>(sums.row(a)[c] - sums.row(b)[c]);
    squares += difference * difference;
  }
  return squares > 0 ? 1 / std::sqrt(squares) : 0;
}

/// Signs of the clusters as 0 (plus) or -1 (minus), for (x ^ sign) - sign.
void draw_signs(Sums& signs, std::uint64_t seed, std::int64_t resample, bool all_patterns) {
  Random random(seed, static_cast<std::uint64_t>(resample));
  std::uint64_t bits = static_cast<std::uint64_t>(resample);
  for (std::size_t c = 0; c < signs.size(); ++c) {
    if (c % 64 == 0 && !all_patterns) bits = random.next();
    signs[c] = -static_cast<std::int64_t>(bits & 1);
    bits >>= 1;
  }
}

std::int64_t flipped_sum(const std::int64_t* values, const Sums& signs) {
  std::int64_t sum = 0;
  for (std::size_t c = 0; c < signs.size(); ++c) sum += (values[c] ^ signs[c]) - signs[c];
  return sum;
}

/// Trials in the order of the steps and what is constant over resamples, laid out in that order: place 0 is
/// the best, place 1 the least significant, the last place the most significant.
class Steps {
 public:
  explicit Steps(const ClusterSums& sums) : sums_(sums) {
    const auto n = sums.trials;
    Sums totals;
    for (std::size_t t = 0; t < n; ++t)
      totals.push_back(std::accumulate(sums.row(t), sums.row(t) + sums.clusters, std::int64_t{0}));
    best_ = static_cast<std::size_t>(std::max_element(totals.begin(), totals.end()) - totals.begin());
    std::vector<double> statistic(n);
    for (std::size_t t = 0; t < n; ++t) {
      statistic[t] =
          t == best_ ? -1 : static_cast<double>(totals[best_] - totals[t]) * weight_of(sums, best_, t);
    }
    order_.resize(n);
    std::iota(order_.begin(), order_.end(), std::size_t{0});
    std::stable_sort(order_.begin(), order_.end(),
                     [&](auto a, auto b) { return statistic[a] < statistic[b]; });
    for (std::size_t i = 0; i < n; ++i) observed_.push_back(statistic[order_[i]]);
    flipped_.resize(n);
  }

  /// Adds to `far`, by step, whether a pattern of signs reaches it.
  void count(const Sums& signs, Sums& far) {
    const auto n = sums_.trials;
    if (weights_.empty()) weigh();
    for (std::size_t i = 0; i < n; ++i)
      flipped_[i] = static_cast<double>(flipped_sum(sums_.row(order_[i]), signs));
    double largest = 0;
    for (std::size_t i = 1; i < n; ++i) {
      largest = std::max(largest, largest_of_row(i));
      // The pattern that was observed must meet itself in spite of rounding.
      far[i] += largest >= observed_[i] * (1 - 1e-12);
    }
  }

  /// p-values by trial from the counts; `extra` is 1 when the observed pattern is not among the resamples.
  [[nodiscard]] StepDown finish(std::span<const std::int64_t> far, std::int64_t resamples,
                                std::int64_t extra) const {
    StepDown out{static_cast<int>(best_), std::vector<double>(sums_.trials, 1.0)};
    double least = 0;  // a step is no more significant than the step before it
    for (std::size_t i = sums_.trials - 1; i >= 1; --i) {
      least = std::max(least, static_cast<double>(far[i] + extra) / static_cast<double>(resamples + extra));
      out.p[order_[i]] = least;
    }
    return out;
  }

 private:
  /// n^2 of them: only who counts needs them.
  void weigh() {
    const auto n = sums_.trials;
    weights_.resize(n * n);
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j < i; ++j) weights_[i * n + j] = weight_of(sums_, order_[i], order_[j]);
    }
  }

  /// Largest studentised difference between place i and the places before it. Four maxima at a time, since
  /// the compiler may not reorder one.
  [[nodiscard]] double largest_of_row(std::size_t i) const {
    const double* weights = weights_.data() + i * sums_.trials;
    const double own = flipped_[i];
    double best[4] = {0, 0, 0, 0};
    std::size_t j = 0;
    for (; j + 4 <= i; j += 4) {
      for (std::size_t k = 0; k < 4; ++k) {
        const double value = std::abs(flipped_[j + k] - own) * weights[j + k];
        best[k] = value > best[k] ? value : best[k];
      }
    }
    for (; j < i; ++j) best[0] = std::max(best[0], std::abs(flipped_[j] - own) * weights[j]);
    return std::max(std::max(best[0], best[1]), std::max(best[2], best[3]));
  }

  const ClusterSums& sums_;
  std::size_t best_ = 0;
  std::vector<std::size_t> order_;
  std::vector<double> observed_;
  std::vector<double> weights_;
  std::vector<double> flipped_;
};

void check(const ScoreMatrix& scores, std::span<const std::int32_t> cluster, const Options& options) {
  DREAM_CHECK(scores.trials > 0 && scores.questions > 0 && options.resamples > 0, "nothing to compare");
  DREAM_CHECK(cluster.empty() || cluster.size() == static_cast<std::size_t>(scores.questions),
              "each question has a cluster");
  // Beyond that the flipped sums would not be exact as doubles.
  DREAM_CHECK(scores.questions <= 1 << 20, "more questions than a comparison can hold");
}

/// All sign patterns, or as many random ones as were asked for.
struct Resamples {
  bool exact = false;
  std::int64_t count = 0;
};
Resamples resamples_of(const ClusterSums& sums, const Options& options) {
  if (sums.clusters < 31 && (std::int64_t{1} << sums.clusters) <= options.resamples)
    return {true, std::int64_t{1} << sums.clusters};
  return {false, options.resamples};
}

}  // namespace

std::vector<std::int64_t> count_resamples(const ScoreMatrix& scores, std::span<const std::int32_t> cluster,
                                          const Options& options, const Pulse& pulse, const Share& share) {
  check(scores, cluster, options);
  const auto sums = cluster_sums(scores, cluster);
  const auto resamples = resamples_of(sums, options);
  Steps steps(sums);
  Sums signs(sums.clusters);
  Sums far(sums.trials, 0);
  for (std::int64_t r = share.at, turn = 0; r < resamples.count; r += share.of, ++turn) {
    if (turn % 64 == 0) pulse();
    draw_signs(signs, options.seed, r, resamples.exact);
    steps.count(signs, far);
  }
  return far;
}

StepDown step_down(const ScoreMatrix& scores, std::span<const std::int32_t> cluster, const Options& options,
                   std::span<const std::int64_t> counts) {
  check(scores, cluster, options);
  const auto sums = cluster_sums(scores, cluster);
  const auto resamples = resamples_of(sums, options);
  return Steps(sums).finish(counts, resamples.count, resamples.exact ? 0 : 1);
}

StepDown step_down(const ScoreMatrix& scores, std::span<const std::int32_t> cluster, const Options& options,
                   const Pulse& pulse) {
  return step_down(scores, cluster, options, count_resamples(scores, cluster, options, pulse));
}

}  // namespace dream::stats
