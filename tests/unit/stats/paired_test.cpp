#include "stats/paired.hpp"

#include <cmath>
#include <limits>

#include "base/errors.hpp"
#include "stats/adjust.hpp"
#include "stats/fixed.hpp"
#include "stats/random.hpp"
#include "tests/support/test.hpp"
#include "tests/unit/stats/scipy_reference.hpp"

using namespace dream;
namespace ref = scipy_reference;
namespace tt = boost::test_tools;
using stats::Options;

namespace {

/// The same formula as in make_scipy_reference.py.
std::vector<double> scores(int n, int a, int b, int m) {
  std::vector<double> out;
  for (int i = 0; i < n; ++i) out.push_back(static_cast<double>((i * a + b) % m) / m);
  return out;
}

template <class F>
std::vector<double> mapped(std::vector<double> values, F&& f) {
  for (auto& value : values) value = f(value);
  return values;
}

const double none = std::numeric_limits<double>::quiet_NaN();

}  // namespace

BOOST_AUTO_TEST_CASE(small_samples_agree_with_scipy) {
  const auto x = scores(12, 37, 5, 101);
  const auto y = mapped(scores(12, 53, 11, 89), [](double v) { return 0.8 * v; });
  const auto result = stats::compare(x, y, {}, {});
  BOOST_TEST(result.exact);  // 2^12 patterns
  BOOST_TEST(result.questions == 12);
  BOOST_TEST(result.mean == ref::small_mean, tt::tolerance(1e-8));
  BOOST_TEST(result.standard_error == ref::small_error, tt::tolerance(1e-8));
  BOOST_TEST(result.p == ref::small_p, tt::tolerance(1e-12));
}

BOOST_AUTO_TEST_CASE(large_samples_agree_with_scipy) {
  const auto u = scores(60, 37, 5, 101);
  const auto v = mapped(scores(60, 53, 11, 89), [](double s) { return std::pow(s, 1.6); });
  const Options options{17, 100'000, 0.95};
  const auto result = stats::compare(u, v, {}, options);
  BOOST_TEST(!result.exact);
  BOOST_TEST(std::abs(result.p - ref::large_p) < 3 * std::sqrt(ref::large_p / 1e5) + 1e-4);
  const auto bca = stats::bootstrap_interval(stats::differences(u, v), stats::IntervalKind::bca, options);
  BOOST_TEST(std::abs(bca.low - ref::large_bca_low) < 2e-3);
  BOOST_TEST(std::abs(bca.high - ref::large_bca_high) < 2e-3);
  const auto percentile =
      stats::bootstrap_interval(stats::differences(u, v), stats::IntervalKind::percentile, options);
  BOOST_TEST(std::abs(percentile.low - ref::large_percentile_low) < 2e-3);
  BOOST_TEST(std::abs(percentile.high - ref::large_percentile_high) < 2e-3);
}

BOOST_AUTO_TEST_CASE(bca_moves_with_skewness_as_scipy_does) {
  const auto skewed = mapped(scores(40, 37, 5, 101), [](double v) { return std::exp(3 * v) / 20; });
  const std::vector<double> zero(40, 0.0);
  const auto d = stats::differences(skewed, zero);
  const Options options{17, 200'000, 0.95};
  const auto bca = stats::bootstrap_interval(d, stats::IntervalKind::bca, options);
  BOOST_TEST(std::abs(bca.low - ref::skewed_bca_low) < 2e-3);
  BOOST_TEST(std::abs(bca.high - ref::skewed_bca_high) < 2e-3);
  // The correction must be larger than the tolerance, or this case would prove nothing.
  const auto percentile = stats::bootstrap_interval(d, stats::IntervalKind::percentile, options);
  BOOST_TEST(bca.high - percentile.high > 4e-3);
}

BOOST_AUTO_TEST_CASE(few_clusters_widen_the_interval_as_student_does) {
  // Differences so even that BCa changes nothing: 12 clusters reach out to sqrt(12 / 11) t(11) and 1,000 to
  // no more than the normal distribution does.
  const auto width = [](int n, stats::IntervalKind kind) {
    stats::Differences d;
    for (int i = 0; i < n; ++i) {
      d.sums.push_back(1000 * (2 * i - n + 1));
      d.counts.push_back(1);
    }
    const auto interval = stats::bootstrap_interval(d, kind, {17, 100'000, 0.95});
    return interval.high - interval.low;
  };
  const double few = width(12, stats::IntervalKind::expanded_bca) / width(12, stats::IntervalKind::bca);
  BOOST_TEST(few > 1.1);
  BOOST_TEST(few < std::sqrt(12.0 / 11) * 2.201 / 1.96 + 0.06);
  const double many = width(1000, stats::IntervalKind::expanded_bca) / width(1000, stats::IntervalKind::bca);
  BOOST_TEST(std::abs(many - 1) < 0.02);
}

BOOST_AUTO_TEST_CASE(sign_flips_by_hand) {
  // +3, +1: sums 4, 2, -2, -4; as far as 4: two of four.
  BOOST_TEST(stats::sign_flip_test({{3, 1}, {1, 1}}, {}).p == 0.5);
  // All equal: only all plus and all minus are as far.
  BOOST_TEST(stats::sign_flip_test({{7, 7, 7, 7, 7}, {1, 1, 1, 1, 1}}, {}).p == 2.0 / 32);
  BOOST_TEST(stats::sign_flip_test({{0, 0, 0}, {1, 1, 1}}, {}).p == 1.0);
  BOOST_TEST(stats::sign_flip_test({{5, -5}, {1, 1}}, {}).p == 1.0);
}

BOOST_AUTO_TEST_CASE(the_observed_pattern_is_one_of_the_patterns) {
  // No random pattern of 40 equal differences reaches their sum, yet p is never 0.
  const stats::Differences d{std::vector<std::int64_t>(40, 1), std::vector<std::int64_t>(40, 1)};
  BOOST_TEST(stats::sign_flip_test(d, {17, 999, 0.95}).p == 1.0 / 1000);
}

BOOST_AUTO_TEST_CASE(exact_and_random_tests_agree) {
  const auto d = stats::differences(scores(14, 37, 5, 101), scores(14, 53, 1, 89));
  const auto exact = stats::sign_flip_test(d, {17, 20'000, 0.95});
  const auto random = stats::sign_flip_test(d, {17, 16'000, 0.95});
  BOOST_TEST(exact.exact);
  BOOST_TEST(!random.exact);
  BOOST_TEST(std::abs(exact.p - random.p) < 0.015);
}

BOOST_AUTO_TEST_CASE(questions_without_a_value_on_one_side_are_left_out) {
  const std::vector<double> a{1, none, 0.5, 0.25};
  const std::vector<double> b{0.5, 1, none, 0.25};
  const auto result = stats::compare(a, b, {}, {});
  BOOST_TEST(result.questions == 2);
  BOOST_TEST(result.mean == 0.25);
  const std::vector<double> empty(4, none);
  const auto nothing = stats::compare(a, empty, {}, {});
  BOOST_TEST(nothing.questions == 0);
  BOOST_TEST(nothing.p == 1.0);
  const auto one = stats::compare(std::vector<double>{1}, std::vector<double>{0}, {}, {});
  BOOST_TEST(one.p == 1.0);
  BOOST_TEST(one.standard_error == 0.0);
  BOOST_TEST(one.interval.low == 1.0);
  BOOST_CHECK_THROW((void)stats::differences(a, std::vector<double>{1}), InternalError);
}

BOOST_AUTO_TEST_CASE(clusters_are_flipped_and_drawn_whole) {
  const std::vector<double> a{1, 1, 1, 1, 1, 1, 1, 1};
  const std::vector<double> b(8, 0.0);
  const std::vector<std::int32_t> documents{9, 9, 9, 9, 4, 4, 4, 4};
  const auto single = stats::compare(a, b, {}, {});
  const auto grouped = stats::compare(a, b, documents, {});
  BOOST_TEST(single.p == 2.0 / 256);
  BOOST_TEST(grouped.p == 0.5);  // two clusters: two of four patterns
  BOOST_TEST(grouped.clusters == 2);
  BOOST_TEST(grouped.questions == 8);
  // Differences that agree within a document carry less than as many separate ones.
  const std::vector<double> mixed{1, 1, 1, 1, 0, 0, 0, 0};
  BOOST_TEST(stats::compare(mixed, b, documents, {}).standard_error >
             stats::compare(mixed, b, {}, {}).standard_error);
  // Unequal clusters: the mean is over questions. Sums 3 and 0 of 3 and 1 questions.
  const std::vector<std::int32_t> uneven{1, 1, 1, 2};
  const auto result =
      stats::compare(std::vector<double>{1, 1, 1, 0}, std::vector<double>(4, 0.0), uneven, {});
  BOOST_TEST(result.mean == 0.75);
  BOOST_TEST(result.standard_error == std::sqrt((0.75 * 0.75 + 0.75 * 0.75) * 2) / 4, tt::tolerance(1e-9));
}

BOOST_AUTO_TEST_CASE(a_seed_decides_everything) {
  const auto u = scores(60, 37, 5, 101);
  const auto v = scores(60, 53, 11, 89);
  const auto a = stats::compare(u, v, {}, {17, 1000, 0.95});
  const auto b = stats::compare(u, v, {}, {17, 1000, 0.95});
  const auto c = stats::compare(u, v, {}, {18, 1000, 0.95});
  BOOST_TEST(a.p == b.p);
  BOOST_TEST(a.interval.low == b.interval.low);
  BOOST_TEST((a.p != c.p || a.interval.low != c.interval.low));
}

BOOST_AUTO_TEST_CASE(more_questions_follow_the_normal_approximation) {
  // A spread of 0.5 a question and a difference of 0.05.
  const double error = 0.5 / std::sqrt(100.0);
  BOOST_TEST(stats::more_questions(0.05, error, 100, 0.05) ==
             static_cast<std::int64_t>(std::ceil(ref::power_questions)) - 100);
  BOOST_TEST(stats::more_questions(-0.05, error, 100, 0.05) == stats::more_questions(0.05, error, 100, 0.05));
  BOOST_TEST(stats::more_questions(0.05, error, 100, 0.01) > stats::more_questions(0.05, error, 100, 0.05));
  BOOST_TEST(stats::more_questions(1, error, 100, 0.05) == 1);
  BOOST_TEST(stats::more_questions(0, error, 100, 0.05) == -1);
  BOOST_TEST(stats::more_questions(1e-9, error, 100, 0.05) == -1);
}

BOOST_AUTO_TEST_CASE(the_test_errs_as_often_as_it_says) {
  // 2000 pairs without a difference over 25 questions: 5 % must come out below 0.05.
  int rejected = 0;
  int covered = 0;
  for (std::uint64_t run = 0; run < 2000; ++run) {
    stats::Random random(99, run);
    std::vector<double> a(25);
    std::vector<double> b(25);
    for (auto& value : a) value = random.uniform();
    for (auto& value : b) value = random.uniform();
    const auto result = stats::compare(a, b, {}, {run, 400, 0.95});
    rejected += result.p <= 0.05;
    covered += result.interval.low <= 0 && 0 <= result.interval.high;
  }
  BOOST_TEST_MESSAGE("p <= 0.05 in " << rejected / 20.0 << " %, interval covers 0 in " << covered / 20.0
                                     << " %");
  BOOST_TEST(std::abs(rejected - 100) < 35);  // three standard deviations: 29
  BOOST_TEST(std::abs(covered - 1900) < 40);
}

BOOST_AUTO_TEST_CASE(holm_multiplies_the_smallest_by_their_number_and_never_falls) {
  const double p[] = {0.03, 0.01, 0.5, 0.04};
  const auto adjusted = stats::holm(p);
  const double expected[] = {0.09, 0.04, 0.5, 0.09};
  for (std::size_t i = 0; i < 4; ++i)
    BOOST_TEST(adjusted[i] == expected[i], boost::test_tools::tolerance(1e-12));
  BOOST_TEST(stats::holm({}).empty());
  const double ones[] = {0.9, 0.8};
  BOOST_TEST(stats::holm(ones)[0] == 1);
}

BOOST_AUTO_TEST_CASE(a_mean_is_estimated_over_the_values_that_are_there) {
  const double none = std::numeric_limits<double>::quiet_NaN();
  const double values[] = {0.2, none, 0.4, 0.6};
  const auto found = stats::estimate_mean(values, {}, {});
  BOOST_TEST(found.questions == 3);
  BOOST_TEST(found.mean == 0.4, boost::test_tools::tolerance(1e-9));
  BOOST_TEST((found.interval.low < 0.4 && found.interval.high > 0.4));
}
