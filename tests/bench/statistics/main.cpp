// Simulates sweeps whose truth is known, and counts how often the statistics say it: docs/statistics.md.
// usage: statistics_bench [RUNS]
#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <cstdlib>

#include "stats/paired.hpp"
#include "stats/random.hpp"
#include "stats/step_down.hpp"

using namespace dream;

namespace {

/// How the differences of two trials are spread, question by question. All have the mean `mean`.
struct Shape {
  const char* name;
  double mean;
  double (*draw)(stats::Random&);
};

double normal(stats::Random& random) {
  return std::sqrt(-2 * std::log(1 - random.uniform())) * std::cos(2 * M_PI * random.uniform());
}
double even(stats::Random& random) { return 0.25 * normal(random); }
double skewed(stats::Random& random) { return -0.25 * std::log(1 - random.uniform()) - 0.25; }
/// Verdicts of yes and no: most questions are answered alike by both trials.
double sparse(stats::Random& random) {
  const double u = random.uniform();
  return u < 0.15 ? 1 : u < 0.20 ? -1 : 0;
}

const Shape shapes[] = {{"even", 0, even}, {"skewed", 0, skewed}, {"yes and no", 0.10, sparse}};

/// Differences of `clusters` documents with 1 to 2 * mean_size - 1 questions each. `shared` is the share of a
/// question's variance that is its document's.
stats::Differences simulated(const Shape& shape, int clusters, int mean_size, double shared,
                             stats::Random& random) {
  std::vector<double> a;
  std::vector<std::int32_t> cluster;
  for (int c = 0; c < clusters; ++c) {
    const double own = shape.draw(random) - shape.mean;
    const auto size = 1 + random.below(static_cast<std::uint32_t>(2 * mean_size - 1));
    for (std::uint32_t q = 0; q < size; ++q) {
      const double rest = shape.draw(random) - shape.mean;
      a.push_back(shape.mean + std::sqrt(shared) * own + std::sqrt(1 - shared) * rest);
      cluster.push_back(c);
    }
  }
  return stats::differences(a, std::vector<double>(a.size(), 0.0), cluster);
}

struct Coverage {
  double expanded = 0;
  double bca = 0;
  double percentile = 0;
};

Coverage coverage(const Shape& shape, int clusters, int mean_size, double shared, int runs) {
  Coverage out;
  for (int run = 0; run < runs; ++run) {
    stats::Random random(7, static_cast<std::uint64_t>(run));
    const auto d = simulated(shape, clusters, mean_size, shared, random);
    const stats::Options options{static_cast<std::uint64_t>(run), 1000, 0.95};
    const auto holds = [&](stats::IntervalKind kind) {
      const auto interval = stats::bootstrap_interval(d, kind, options);
      return interval.low <= shape.mean && shape.mean <= interval.high ? 1.0 / runs : 0.0;
    };
    out.expanded += holds(stats::IntervalKind::expanded_bca);
    out.bca += holds(stats::IntervalKind::bca);
    out.percentile += holds(stats::IntervalKind::percentile);
  }
  return out;
}

/// Share of sweeps of `trials` equals in which some trial is said to be worse than the best.
double false_winners(int trials, int questions, int runs) {
  int wrong = 0;
  for (int run = 0; run < runs; ++run) {
    stats::Random random(11, static_cast<std::uint64_t>(run));
    stats::ScoreMatrix scores(trials, questions);
    for (auto& value : scores.values) value = std::floor(5 * random.uniform()) / 4;
    const auto result =
        stats::step_down(scores, {}, {static_cast<std::uint64_t>(run), 500, 0.95}, no_pulse());
    wrong += std::any_of(result.p.begin(), result.p.end(), [](double p) { return p <= 0.05; });
  }
  return static_cast<double>(wrong) / runs;
}

double seconds_of_step_down(int trials, int questions, int resamples) {
  stats::Random random(13, 0);
  stats::ScoreMatrix scores(trials, questions);
  for (auto& value : scores.values) value = random.uniform();
  const auto begin = std::chrono::steady_clock::now();
  (void)stats::step_down(scores, {}, {17, resamples, 0.95}, no_pulse());
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

}  // namespace

int main(int argc, char** argv) {
  const int runs = argc > 1 ? std::atoi(argv[1]) : 4000;
  fmt::print(
      "95 % intervals that hold the truth, {} runs of 1,000 resamples; three standard deviations: {:.1f} %\n",
      runs, 300 * std::sqrt(0.95 * 0.05 / runs));
  fmt::print("{:>10} {:>10} {:>12} {:>8} {:>12} {:>8} {:>12}\n", "documents", "questions", "differences",
             "shared", "expanded BCa", "BCa", "percentile");
  double least = 1;
  double most = 0;
  for (const int clusters : {10, 20, 40, 80, 160}) {
    for (const auto& shape : shapes) {
      for (const double shared : {0.0, 0.3}) {
        constexpr int mean_size = 3;
        const auto found = coverage(shape, clusters, mean_size, shared, runs);
        fmt::print("{:>10} {:>10} {:>12} {:>8} {:>11.1f}% {:>7.1f}% {:>11.1f}%\n", clusters,
                   clusters * mean_size, shape.name, shared, 100 * found.expanded, 100 * found.bca,
                   100 * found.percentile);
        if (clusters < 40) continue;
        least = std::min(least, found.expanded);
        most = std::max(most, found.expanded);
      }
    }
  }
  fmt::print(
      "sweeps of equal trials with a false winner: 12 trials {:.1f} %, 50 trials {:.1f} % ({} sweeps of 100 "
      "questions)\n",
      100 * false_winners(12, 100, runs / 4), 100 * false_winners(50, 100, runs / 4), runs / 4);
  fmt::print("10,000 resamples x 200 trials x 500 questions: {:.2f} s on one core\n",
             seconds_of_step_down(200, 500, 10'000));
  fmt::print("SUMMARY coverage of expanded BCa from 40 documents up: {:.1f} to {:.1f} %\n", 100 * least,
             100 * most);
}
