#include "kernels/dot/dot.hpp"

#include <bit>
#include <cmath>
#include <numeric>
#include <random>
#include <utility>

#include "base/errors.hpp"
#include "tests/support/test.hpp"

using namespace dream::kernels;

namespace {

/// Numbers of very different size and both signs, so that any other order of adding gives other bits.
dream::Matrix wild(std::int64_t rows, std::int64_t cols, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> mantissa(-1, 1);
  std::uniform_int_distribution<int> exponent(-12, 12);
  dream::Matrix m(rows, cols);
  for (auto& value : m.values) value = std::ldexp(mantissa(random), exponent(random));
  return m;
}

std::vector<DotPath> paths() {
  std::vector<DotPath> all;
  for (const auto path : {DotPath::scalar, DotPath::avx2, DotPath::avx512}) {
    if (can_run(path))
      all.push_back(path);
    else
      BOOST_TEST_MESSAGE(name_of(path) << " cannot run here");
  }
  return all;
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_reference_on_numbers_made_by_hand) {
  const std::vector<float> none;
  BOOST_TEST(dot_reference(none, none) == 0.0F);
  const std::vector<float> a{1, 2, 3};
  const std::vector<float> b{4, -5, 6};
  BOOST_TEST(dot_reference(a, b) == 12.0F);
  // 1..40 squared: exact in any order.
  std::vector<float> n(40);
  std::iota(n.begin(), n.end(), 1.0F);
  BOOST_TEST(dot_reference(n, n) == 22140.0F);
  // The order shows: lane 0 holds 2^24 + 1 - 2^24 = 0 (the 1 is lost), lane 1 holds 1.
  std::vector<float> x(33, 0.0F);
  x[0] = 0x1p24F;
  x[16] = 1;
  x[32] = -0x1p24F;
  x[1] = 1;
  BOOST_TEST(dot_reference(x, std::vector<float>(33, 1.0F)) == 1.0F);
  // One rounding for multiply and add: (1 + 2^-12)^2 - 1 keeps its 2^-24.
  std::vector<float> f(17, 0.0F);
  std::vector<float> g(17, 0.0F);
  f[0] = -1;
  g[0] = 1;
  f[16] = g[16] = 1 + 0x1p-12F;
  BOOST_TEST(dot_reference(f, g) == 0x1p-11F + 0x1p-24F);
  BOOST_CHECK_THROW((void)dot_reference(a, n), dream::InternalError);
}

BOOST_AUTO_TEST_CASE(every_path_gives_the_bits_of_the_reference) {
  for (const std::int64_t d : {0, 1, 2, 15, 16, 17, 31, 32, 33, 48, 257, 384, 1024}) {
    for (const std::int64_t n : {0, 1, 3, 4, 5, 33}) {
      const auto base = wild(n, d, 1);
      const auto question = wild(1, d, 2);
      std::vector<std::int64_t> rows(static_cast<std::size_t>(n));
      std::iota(rows.rbegin(), rows.rend(), 0);
      for (const auto path : paths()) {
        std::vector<float> scores(rows.size(), -7);
        dot_rows(question.row(0), base.view(), rows, scores, path);
        for (std::size_t i = 0; i < rows.size(); ++i) {
          const float expected = dot_reference(question.row(0), base.row(rows[i]));
          BOOST_TEST(std::bit_cast<std::uint32_t>(scores[i]) == std::bit_cast<std::uint32_t>(expected),
                     name_of(path) << " D=" << d << " N=" << n << " row " << rows[i]);
        }
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(the_sign_of_zero_is_kept) {
  // A product too small for float32: lane 0 becomes -0, and so must the sum of lanes that are all -0.
  for (const std::int64_t d : {16, 17, 24}) {
    dream::Matrix tiny(1, d);
    dream::Matrix question(1, d);
    for (auto& v : tiny.values) v = -1e-30F;
    for (auto& v : question.values) v = 1e-30F;
    const std::vector<std::int64_t> rows{0};
    for (const auto path : paths()) {
      float score = 1;
      dot_rows(question.row(0), std::as_const(tiny).view(), rows, {&score, 1}, path);
      BOOST_TEST(std::bit_cast<std::uint32_t>(score) ==
                 std::bit_cast<std::uint32_t>(dot_reference(question.row(0), tiny.row(0))));
    }
  }
}

BOOST_AUTO_TEST_CASE(misfits_are_refused) {
  const auto base = wild(3, 8, 1);
  const auto question = wild(1, 8, 2);
  const auto other = wild(1, 9, 2);
  std::vector<float> scores(1);
  const std::vector<std::int64_t> first{0};
  const std::vector<std::int64_t> beyond{3};
  const std::vector<std::int64_t> before{-1};
  const std::vector<std::int64_t> two{0, 1};
  BOOST_CHECK_THROW(dot_rows(other.row(0), base.view(), first, scores), dream::InternalError);
  BOOST_CHECK_THROW(dot_rows(question.row(0), base.view(), beyond, scores), dream::InternalError);
  BOOST_CHECK_THROW(dot_rows(question.row(0), base.view(), before, scores), dream::InternalError);
  BOOST_CHECK_THROW(dot_rows(question.row(0), base.view(), two, scores), dream::InternalError);
}
