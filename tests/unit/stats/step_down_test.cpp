#include "stats/step_down.hpp"

#include <algorithm>
#include <cmath>

#include "base/errors.hpp"
#include "stats/random.hpp"
#include "tests/support/test.hpp"

using namespace dream;
using stats::Options;
using stats::ScoreMatrix;

namespace {

/// Trials that share the difficulty of each question; trial t is better by lead[t].
ScoreMatrix simulated(const std::vector<double>& lead, int questions, std::uint64_t run) {
  stats::Random random(4, run);
  ScoreMatrix scores(static_cast<int>(lead.size()), questions);
  for (int q = 0; q < questions; ++q) {
    const double difficulty = 0.4 * random.uniform();
    for (int t = 0; t < scores.trials; ++t) {
      scores.row(t)[static_cast<std::size_t>(q)] =
          difficulty + lead[static_cast<std::size_t>(t)] + 0.4 * random.uniform();
    }
  }
  return scores;
}

/// Share of runs in which some trial that is as good as the best is said to be worse.
double false_alarms(const std::vector<double>& lead, std::span<const int> equals, int runs) {
  int wrong = 0;
  for (int run = 0; run < runs; ++run) {
    const auto result = stats::step_down(simulated(lead, 40, static_cast<std::uint64_t>(run)), {},
                                         {17, 400, 0.95}, no_pulse());
    bool any = false;
    for (const int t : equals) any = any || result.p[static_cast<std::size_t>(t)] <= 0.05;
    wrong += any;
  }
  return static_cast<double>(wrong) / runs;
}

}  // namespace

BOOST_AUTO_TEST_CASE(two_trials_give_the_pair_test) {
  const auto scores = simulated({0, 0.05}, 60, 1);
  const Options options{17, 5000, 0.95};
  const auto pair = stats::compare(scores.row(0), scores.row(1), {}, options);
  const auto result = stats::step_down(scores, {}, options, no_pulse());
  BOOST_TEST(result.best == 1);
  BOOST_TEST(result.p[1] == 1.0);
  BOOST_TEST(std::abs(result.p[0] - pair.p) < 0.02);
  // And exactly so when all patterns are counted.
  const auto few = simulated({0, 0.1}, 10, 1);
  BOOST_TEST(stats::step_down(few, {}, options, no_pulse()).p[0] ==
             stats::compare(few.row(0), few.row(1), {}, options).p);
}

BOOST_AUTO_TEST_CASE(shares_add_up_to_the_whole) {
  for (const int questions : {60, 9}) {  // random patterns; all of them
    const auto scores = simulated({0, 0.05, 0.02, 0.09}, questions, 1);
    const Options options{17, 1000, 0.95};
    const auto whole = stats::step_down(scores, {}, options, no_pulse());
    for (const int shares : {1, 2, 3, 7}) {
      std::vector<std::int64_t> sum(4, 0);
      for (int share = 0; share < shares; ++share) {
        const auto counts = stats::count_resamples(scores, {}, options, no_pulse(), {share, shares});
        for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += counts.at(i);
      }
      BOOST_TEST(stats::step_down(scores, {}, options, sum).p == whole.p);
    }
  }
}

BOOST_AUTO_TEST_CASE(three_trials_by_hand) {
  // Four questions, all 16 patterns. Trial 0 beats trial 2 by 1 on each, and trial 1 by (1, -1, 0, 0) + 1/8
  // each.
  ScoreMatrix scores(3, 4);
  const std::vector<std::vector<double>> rows{{4, 4, 4, 4}, {2.875, 4.875, 3.875, 3.875}, {3, 3, 3, 3}};
  for (int t = 0; t < 3; ++t)
    std::copy(rows[static_cast<std::size_t>(t)].begin(), rows[static_cast<std::size_t>(t)].end(),
              scores.row(t).begin());
  const auto result = stats::step_down(scores, {}, {}, no_pulse());
  BOOST_TEST(result.best == 0);
  // Trial 2: statistic 4/2 = 2, the largest that any pair can have (sqrt of the number of questions), and
  // only when all differences of a pair have one size: the pair (0, 2) under all plus and all minus.
  BOOST_TEST(result.p[2] == 2.0 / 16);
  // Trial 1, against trial 0 alone: differences 9, -7, 1, 1 (eighths), sum 4. As far from 0 are all 8
  // patterns that give the first two one sign (16 +- 2), and of the others 2 + 2 and -2 - 2.
  BOOST_TEST(result.p[1] == 10.0 / 16);
}

BOOST_AUTO_TEST_CASE(equal_trials_are_never_apart) {
  ScoreMatrix scores(3, 20);
  for (std::size_t q = 0; q < 20; ++q)
    scores.row(0)[q] = scores.row(1)[q] = scores.row(2)[q] = 0.05 * static_cast<double>(q);
  const auto result = stats::step_down(scores, {}, {17, 200, 0.95}, no_pulse());
  BOOST_TEST(result.best == 0);
  for (const double p : result.p) BOOST_TEST(p == 1.0);
  const auto alone = stats::step_down(ScoreMatrix(1, 3), {}, {}, no_pulse());
  BOOST_TEST(alone.p[0] == 1.0);
  BOOST_CHECK_THROW((void)stats::step_down(ScoreMatrix(0, 3), {}, {}, no_pulse()), InternalError);
}

BOOST_AUTO_TEST_CASE(clusters_and_order_of_trials) {
  const auto scores = simulated({0, 0.02, 0.1, 0.05}, 30, 7);
  const Options options{17, 3000, 0.95};
  const auto result = stats::step_down(scores, {}, options, no_pulse());
  // Trials in another order have the same p-values.
  ScoreMatrix turned(4, 30);
  for (int t = 0; t < 4; ++t)
    std::copy(scores.row(t).begin(), scores.row(t).end(), turned.row(3 - t).begin());
  const auto again = stats::step_down(turned, {}, options, no_pulse());
  for (std::size_t t = 0; t < 4; ++t) BOOST_TEST(result.p[t] == again.p[3 - t]);
  // One question a cluster is no cluster; ten questions a cluster leave 8 patterns.
  std::vector<std::int32_t> cluster(30);
  for (int q = 0; q < 30; ++q) cluster[static_cast<std::size_t>(q)] = 100 - q;
  BOOST_TEST((stats::step_down(scores, cluster, options, no_pulse()).p == result.p));
  for (int q = 0; q < 30; ++q) cluster[static_cast<std::size_t>(q)] = q % 3;
  for (const double p : stats::step_down(scores, cluster, options, no_pulse()).p) BOOST_TEST(p >= 2.0 / 8);
}

BOOST_AUTO_TEST_CASE(the_family_errs_as_often_as_it_says) {
  const std::vector<int> all{0, 1, 2, 3, 4, 5, 6, 7};
  const double equal = false_alarms(std::vector<double>(8, 0.0), all, 600);
  // Two equal leaders above others, far and near.
  const std::vector<int> leaders{0, 1};
  const double partial = false_alarms({0.2, 0.2, 0, 0.05, 0, 0.02, 0, 0}, leaders, 600);
  BOOST_TEST_MESSAGE("false alarms: " << 100 * equal << " % among 8 equals, " << 100 * partial
                                      << " % among 2 equal leaders");
  BOOST_TEST(equal > 0.02);
  BOOST_TEST(equal < 0.08);  // three standard deviations: 0.027
  BOOST_TEST(partial < 0.08);
  BOOST_TEST(partial > 0.02);
}

BOOST_AUTO_TEST_CASE(p_rises_as_the_statistic_falls) {
  for (std::uint64_t run = 0; run < 20; ++run) {
    const auto scores = simulated(std::vector<double>(8, 0.0), 40, run);
    const auto result = stats::step_down(scores, {}, {17, 400, 0.95}, no_pulse());
    std::vector<std::pair<double, double>> steps;  // minus the statistic, p
    for (int t = 0; t < scores.trials; ++t) {
      if (t == result.best) continue;
      double sum = 0;
      double squares = 0;
      for (std::size_t q = 0; q < 40; ++q) {
        const double d = scores.row(result.best)[q] - scores.row(t)[q];
        sum += d;
        squares += d * d;
      }
      steps.emplace_back(-sum / std::sqrt(squares), result.p[static_cast<std::size_t>(t)]);
    }
    std::sort(steps.begin(), steps.end());
    for (std::size_t i = 1; i < steps.size(); ++i) BOOST_TEST(steps[i - 1].second <= steps[i].second);
  }
}

BOOST_AUTO_TEST_CASE(real_differences_are_found) {
  int found = 0;
  for (std::uint64_t run = 0; run < 100; ++run) {
    const auto result =
        stats::step_down(simulated({0, 0, 0.15, 0}, 60, run), {}, {17, 400, 0.95}, no_pulse());
    found += result.best == 2 && result.p[0] <= 0.05 && result.p[1] <= 0.05 && result.p[3] <= 0.05;
  }
  BOOST_TEST(found > 90);
}

BOOST_AUTO_TEST_CASE(pulse_can_end_it) {
  const auto scores = simulated({0, 0}, 40, 1);
  BOOST_CHECK_THROW((void)stats::step_down(scores, {}, {}, [] { throw Stopped("signal"); }), Stopped);
}
