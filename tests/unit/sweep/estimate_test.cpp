#include "sweep/estimate.hpp"

#include "tests/support/test.hpp"

using namespace dream;
using sweep::CallUsage;

namespace {

CallUsage row(std::string purpose, std::int64_t sent, std::int64_t from_state, std::int64_t input,
              std::int64_t output) {
  CallUsage usage;
  usage.purpose = std::move(purpose);
  usage.model = "m";
  usage.sent = sent;
  usage.from_state = from_state;
  usage.input_tokens = input;
  usage.output_tokens = output;
  return usage;
}

double price(const std::string&, std::int64_t input, std::int64_t output) {
  return static_cast<double>(input + 10 * output);
}

}  // namespace

BOOST_AUTO_TEST_CASE(what_a_sample_took_is_what_the_rest_takes) {
  // 100 calls as if nothing were known, of 30 tokens each way. A tenth of the questions is known: they took 6
  // calls where 10 were assumed, of 40 tokens to send where 30 were, and of 15 where 30 were received.
  const sweep::Sample sample{{row("judge", 10, 0, 300, 300)}, {row("judge", 6, 0, 240, 90)}};
  const auto left =
      sweep::estimate({row("judge", 100, 0, 3000, 3000)}, {row("judge", 88, 6, 2640, 2640)}, sample, price);
  BOOST_REQUIRE(left.size() == 1U);
  BOOST_TEST(left[0].sent == 54);  // 60 in all, less the 6 that are there
  BOOST_TEST(left[0].from_state == 6);
  BOOST_TEST(left[0].input_tokens == 54 * 40);
  BOOST_TEST(left[0].output_tokens == 54 * 15);
  BOOST_TEST(left[0].cost_usd == 54 * 40 + 10 * 54 * 15);
}

BOOST_AUTO_TEST_CASE(what_the_sample_does_not_hold_stays_as_it_is) {
  auto answers = row("answer", 7, 1, 70, 7);
  answers.cost_usd = 3;
  const sweep::Sample sample{{row("judge", 10, 0, 300, 300)}, {row("judge", 6, 0, 240, 90)}};
  const auto left =
      sweep::estimate({row("answer", 8, 0, 80, 8), row("judge", 100, 0, 1, 1)}, {answers}, sample, price);
  BOOST_REQUIRE(left.size() == 1U);
  BOOST_TEST(left[0].sent == 7);
  BOOST_TEST(left[0].cost_usd == 3);
  const auto unlearned = sweep::estimate({row("answer", 8, 0, 80, 8)}, {answers}, {}, price);
  BOOST_TEST(unlearned[0].sent == 7);
}

BOOST_AUTO_TEST_CASE(nothing_is_left_where_no_reply_is_missing) {
  const sweep::Sample sample{{row("judge", 10, 0, 300, 300)}, {row("judge", 10, 0, 300, 300)}};
  BOOST_TEST(
      sweep::estimate({row("judge", 50, 0, 1, 1)}, {row("judge", 0, 40, 0, 0)}, sample, price)[0].sent == 0);
  // More replies than the sample speaks of are no debt.
  BOOST_TEST(
      sweep::estimate({row("judge", 50, 0, 1, 1)}, {row("judge", 3, 60, 0, 0)}, sample, price)[0].sent == 0);
}

BOOST_AUTO_TEST_CASE(a_model_that_counts_no_tokens_costs_what_the_sample_cost) {
  const sweep::Sample sample{{row("judge", 10, 0, 0, 300)}, {row("judge", 10, 0, 50, 0)}};
  const auto left =
      sweep::estimate({row("judge", 20, 0, 0, 600)}, {row("judge", 10, 10, 0, 300)}, sample, price);
  BOOST_TEST(left[0].input_tokens == 50);
  BOOST_TEST(left[0].output_tokens == 0);
}
