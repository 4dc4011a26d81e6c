#include "stats/paired.hpp"

#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <cstdlib>
#include <numeric>
#include <unordered_map>

#include "base/errors.hpp"
#include "stats/fixed.hpp"
#include "stats/random.hpp"

namespace dream::stats {
namespace {

double normal_cdf(double z) { return boost::math::cdf(boost::math::normal(), z); }
double normal_quantile(double p) { return boost::math::quantile(boost::math::normal(), p); }

std::int64_t total(const std::vector<std::int64_t>& values) {
  return std::accumulate(values.begin(), values.end(), std::int64_t{0});
}

/// 1 << n, or more than any number of resamples.
std::int64_t patterns(std::size_t n) { return n < 40 ? std::int64_t{1} << n : std::int64_t{1} << 40; }

/// Counts all 2^n sign patterns, going through them so that each differs from the last by one sign (Gray
/// code).
double exact_p(const std::vector<std::int64_t>& sums) {
  const auto observed = std::llabs(total(sums));
  const auto all = patterns(sums.size());
  auto sum = total(sums);
  std::vector<bool> minus(sums.size(), false);
  std::int64_t far = 1;
  for (std::int64_t i = 1; i < all; ++i) {
    const auto bit = static_cast<std::size_t>(__builtin_ctzll(static_cast<unsigned long long>(i)));
    sum += minus[bit] ? 2 * sums[bit] : -2 * sums[bit];
    minus[bit] = !minus[bit];
    far += std::llabs(sum) >= observed;
  }
  return static_cast<double>(far) / static_cast<double>(all);
}

double random_p(const std::vector<std::int64_t>& sums, const Options& options) {
  const auto observed = std::llabs(total(sums));
  std::int64_t far = 1;  // the pattern that was observed
  for (int r = 0; r < options.resamples; ++r) {
    Random random(options.seed, static_cast<std::uint64_t>(r));
    std::int64_t sum = 0;
    std::uint64_t bits = 0;
    for (std::size_t i = 0; i < sums.size(); ++i) {
      if (i % 64 == 0) bits = random.next();
      sum += (bits & 1) != 0 ? sums[i] : -sums[i];
      bits >>= 1;
    }
    far += std::llabs(sum) >= observed;
  }
  return static_cast<double>(far) / static_cast<double>(options.resamples + 1);
}

/// Means of resamples, sorted.
std::vector<double> resampled_means(const Differences& d, const Options& options) {
  const auto n = static_cast<std::uint32_t>(d.sums.size());
  std::vector<double> means;
  means.reserve(static_cast<std::size_t>(options.resamples));
  for (int r = 0; r < options.resamples; ++r) {
    Random random(options.seed, static_cast<std::uint64_t>(r) + (std::uint64_t{1} << 32));
    std::int64_t sum = 0;
    std::int64_t count = 0;
    for (std::uint32_t i = 0; i < n; ++i) {
      const auto drawn = random.below(n);
      sum += d.sums[drawn];
      count += d.counts[drawn];
    }
    means.push_back(mean_from_fixed(sum, count));
  }
  std::sort(means.begin(), means.end());
  return means;
}

/// Linear between the order statistics, as numpy's default.
double quantile_of(const std::vector<double>& sorted, double p) {
  const double at = p * static_cast<double>(sorted.size() - 1);
  const auto low = static_cast<std::size_t>(at);
  const auto high = std::min(low + 1, sorted.size() - 1);
  return sorted[low] + (at - static_cast<double>(low)) * (sorted[high] - sorted[low]);
}

/// Skewness of the jackknife's means / 6.
double acceleration(const Differences& d) {
  const auto sum = total(d.sums);
  const auto count = total(d.counts);
  std::vector<double> means;
  for (std::size_t i = 0; i < d.sums.size(); ++i)
    means.push_back(mean_from_fixed(sum - d.sums[i], count - d.counts[i]));
  const double centre = std::accumulate(means.begin(), means.end(), 0.0) / static_cast<double>(means.size());
  double squares = 0;
  double cubes = 0;
  for (const auto mean : means) {
    squares += (centre - mean) * (centre - mean);
    cubes += (centre - mean) * (centre - mean) * (centre - mean);
  }
  return squares > 0 ? cubes / (6 * std::pow(squares, 1.5)) : 0;
}

/// The normal quantile of a tail, for n clusters as far out as Student's t and the shrunken spread of
/// resamples put it.
double tail_quantile(double tail, IntervalKind kind, std::size_t clusters) {
  if (kind != IntervalKind::expanded_bca) return normal_quantile(tail);
  const auto n = static_cast<double>(clusters);
  return std::sqrt(n / (n - 1)) * boost::math::quantile(boost::math::students_t(n - 1), tail);
}

/// The share that BCa moves the normal quantile z to.
double adjusted(double z, double bias, double a) {
  const double stretch = 1 - a * (bias + z);
  if (stretch <= 0) return z < 0 ? 0 : 1;  // so far out that the formula has passed infinity
  return normal_cdf(bias + (bias + z) / stretch);
}

}  // namespace

Differences differences(std::span<const double> a, std::span<const double> b,
                        std::span<const std::int32_t> cluster) {
  DREAM_CHECK(a.size() == b.size(), "paired trials answer the same questions");
  DREAM_CHECK(cluster.empty() || cluster.size() == a.size(), "each question has a cluster");
  Differences out;
  std::unordered_map<std::int32_t, std::size_t> places;
  for (std::size_t q = 0; q < a.size(); ++q) {
    if (std::isnan(a[q]) || std::isnan(b[q])) continue;
    auto place = out.sums.size();
    if (!cluster.empty()) place = places.emplace(cluster[q], place).first->second;
    if (place == out.sums.size()) {
      out.sums.push_back(0);
      out.counts.push_back(0);
    }
    out.sums[place] += to_fixed(a[q]) - to_fixed(b[q]);
    ++out.counts[place];
  }
  return out;
}

SignFlip sign_flip_test(const Differences& differences, const Options& options) {
  DREAM_CHECK(options.resamples > 0, "a test needs resamples");
  if (patterns(differences.sums.size()) <= options.resamples) return {exact_p(differences.sums), true};
  return {random_p(differences.sums, options), false};
}

Interval bootstrap_interval(const Differences& d, IntervalKind kind, const Options& options) {
  DREAM_CHECK(!d.sums.empty() && options.resamples > 0, "an interval needs differences and resamples");
  const auto means = resampled_means(d, options);
  const double tail = (1 - options.confidence) / 2;
  const Interval percentile{quantile_of(means, tail), quantile_of(means, 1 - tail)};
  if (kind == IntervalKind::percentile || d.sums.size() < 2) return percentile;
  const double observed = mean_from_fixed(total(d.sums), total(d.counts));
  const auto below = std::lower_bound(means.begin(), means.end(), observed) - means.begin();
  const auto not_above = std::upper_bound(means.begin(), means.end(), observed) - means.begin();
  const double share = static_cast<double>(below + not_above) / (2 * static_cast<double>(means.size()));
  if (share <= 0 || share >= 1) return percentile;
  const double bias = normal_quantile(share);
  const double a = acceleration(d);
  const double z = tail_quantile(tail, kind, d.sums.size());
  return {quantile_of(means, adjusted(z, bias, a)), quantile_of(means, adjusted(-z, bias, a))};
}

PairedComparison compare(std::span<const double> a, std::span<const double> b,
                         std::span<const std::int32_t> cluster, const Options& options) {
  const auto d = differences(a, b, cluster);
  PairedComparison out;
  out.questions = total(d.counts);
  out.clusters = static_cast<std::int64_t>(d.sums.size());
  if (out.questions == 0) return out;
  out.mean = mean_from_fixed(total(d.sums), out.questions);
  double squares = 0;
  for (std::size_t i = 0; i < d.sums.size(); ++i) {
    const double residual = from_fixed(d.sums[i]) - out.mean * static_cast<double>(d.counts[i]);
    squares += residual * residual;
  }
  const auto n = static_cast<double>(out.clusters);
  if (n > 1) out.standard_error = std::sqrt(squares * n / (n - 1)) / static_cast<double>(out.questions);
  const auto test = sign_flip_test(d, options);
  out.p = test.p;
  out.exact = test.exact;
  out.interval = bootstrap_interval(d, IntervalKind::expanded_bca, options);
  return out;
}

PairedComparison estimate_mean(std::span<const double> values, std::span<const std::int32_t> cluster,
                               const Options& options) {
  return compare(values, std::vector<double>(values.size()), cluster, options);
}

std::int64_t more_questions(double mean, double standard_error, std::int64_t questions, double alpha) {
  constexpr double power = 0.8;
  constexpr double too_many = 1e6;
  if (mean == 0) return -1;
  const double z = normal_quantile(1 - alpha / 2) + normal_quantile(power);
  const double spread = standard_error * std::sqrt(static_cast<double>(questions));
  const double needed = std::pow(z * spread / mean, 2);
  if (!(needed - static_cast<double>(questions) <= too_many)) return -1;
  return std::max<std::int64_t>(1, static_cast<std::int64_t>(std::ceil(needed)) - questions);
}

}  // namespace dream::stats
