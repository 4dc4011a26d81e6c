#include "sweep/latency_probe.hpp"

#include <cmath>

#include "tests/support/test.hpp"

using namespace dream;

BOOST_AUTO_TEST_CASE(a_probe_asks_questions_from_all_over_the_golden_file) {
  BOOST_TEST(sweep::probed_questions(100, 4) == (std::vector<std::int64_t>{0, 25, 50, 75}));
  BOOST_TEST(sweep::probed_questions(7, 3) == (std::vector<std::int64_t>{0, 2, 4}));
  BOOST_TEST(sweep::probed_questions(3, 10) == (std::vector<std::int64_t>{0, 1, 2}));
  BOOST_TEST(sweep::probed_questions(3, 0).empty());
  BOOST_TEST(sweep::probed_questions(0, 5).empty());
}

BOOST_AUTO_TEST_CASE(the_best_trials_come_first_and_those_set_aside_not_at_all) {
  stats::Verdict verdict;
  verdict.means = {0.2, NAN, 0.9, 0.5, 0.9};
  verdict.set_aside = {1};
  BOOST_TEST(sweep::by_quality(verdict, 5) == (std::vector<int>{2, 4, 3, 0}));
  BOOST_TEST(sweep::by_quality({}, 2) == (std::vector<int>{0, 1}), "nothing was compared");
}

BOOST_AUTO_TEST_CASE(quantiles_are_times_that_a_question_took) {
  const auto check = [](std::vector<double> seconds, double p50, double p95) {
    const auto latency = sweep::latency_of(std::move(seconds));
    BOOST_TEST(latency.p50_s == p50);
    BOOST_TEST(latency.p95_s == p95);
  };
  check({3}, 3, 3);
  check({9, 1, 2}, 2, 9);
  std::vector<double> hundred;
  for (int i = 100; i > 0; --i) hundred.push_back(i);
  check(hundred, 50, 95);
}
