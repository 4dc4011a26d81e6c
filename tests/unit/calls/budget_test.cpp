#include "calls/budget.hpp"

#include <fstream>

#include "base/errors.hpp"
#include "calls/ledger.hpp"
#include "tests/unit/calls/calls_kit.hpp"

using namespace dream;
using namespace dream::calls;
using test::FakeHttp;
using test::FakeRequest;

namespace {

const TimePoint now{std::chrono::seconds(100)};

/// An endpoint whose calls cost money; a token of a reply costs a dollar.
Endpoint dear(const std::string& url) {
  auto endpoint = endpoint_at(url);
  endpoint.max_tokens = 10;
  endpoint.price_output = 1e6;
  return endpoint;
}

std::filesystem::path ledgers() { return ledgers_of(test::folder(), "sweep"); }

}  // namespace

BOOST_AUTO_TEST_CASE(spent_and_reserved_never_pass_the_allowance) {
  Budget budget;
  budget.deal({1.0, std::nullopt});
  BOOST_TEST(budget.reserve({0.4, 100}, now));
  BOOST_TEST(budget.reserve({0.4, 100}, now));
  BOOST_TEST(!budget.reserve({0.4, 100}, now));
  budget.settle({0.4, 100}, {0.1, 30});
  BOOST_TEST(budget.reserve({0.4, 100}, now));
  BOOST_TEST(!budget.reserve({0.2, 1}, now));
  budget.settle({0.4, 100}, {0.4, 100});
  budget.settle({0.4, 100}, {0.4, 100});
  BOOST_TEST(std::abs(budget.total().usd - 0.9) < 1e-12);
  BOOST_TEST(budget.total().tokens == 230);
  budget.deal({std::nullopt, 50});  // a new share: what was spent before has been counted
  BOOST_TEST(budget.reserve({100.0, 50}, now));
  BOOST_TEST(!budget.reserve({0.0, 1}, now));
}

BOOST_AUTO_TEST_CASE(without_a_limit_all_goes_until_the_end) {
  Budget budget;
  BOOST_TEST(budget.reserve({1e9, 1 << 30}, now));
  budget.end_at(now);
  BOOST_TEST(!budget.reserve({0, 0}, now));
}

BOOST_AUTO_TEST_CASE(a_ledger_is_ahead_of_the_spending_and_exact_at_an_orderly_end) {
  {
    Ledger ledger(ledgers() / "a-0.ledger");
    for (int i = 1; i <= 100; ++i) {
      ledger.cover({{0.01 * i, 10 * i}, 0}, {0.01, 10});
      const auto known = read_ledgers(ledgers());
      BOOST_TEST(known.cost.usd >= 0.01 * i);
      BOOST_TEST(known.cost.tokens >= 10 * i);
      BOOST_TEST(known.cost.usd <= 0.01 * (i + 33));
    }
  }
  BOOST_TEST(read_ledgers(ledgers()).cost.tokens > 1000);  // a crash: some too many
  Ledger other(ledgers() / "b-0.ledger");
  other.cover({{0.5, 3}, 0}, {0, 0});
  other.close({{0.25, 2}, 7.5});
  const auto all = read_ledgers(ledgers());
  BOOST_TEST(all.seconds == 7.5);
  std::ofstream(ledgers() / "b-0.ledger", std::ios::app) << "99 9";  // a torn line
  BOOST_TEST(read_ledgers(ledgers()).cost.usd == all.cost.usd);
  BOOST_TEST(read_ledgers(test::folder() / "nowhere").cost.tokens == 0);
}

BOOST_AUTO_TEST_CASE(a_call_without_room_in_the_budget_is_not_sent) {
  FakeHttp server([](const FakeRequest& request, int) { return echo(request); });  // 7 tokens in, 3 out
  const auto endpoint = dear(server.url(""));
  Budget budget;
  budget.deal({25.0, std::nullopt});
  Ledger ledger(ledgers() / "a-0.ledger");
  Run run("a");
  run.sender.charge(budget, ledger);
  const auto replies = run.ask(questions(endpoint, 20));
  // At 10 reserved and 3 spent a call: the sixth has 25 - 5 x 3 = 10 left, the seventh 7.
  std::int64_t answered = 0;
  for (const auto& reply : replies) {
    if (reply.reason.empty())
      ++answered;
    else
      BOOST_TEST((reply.reason == "budget" && !reply.final));
  }
  BOOST_TEST(answered == 6);
  BOOST_TEST(std::ssize(server.log()) == 6);
  BOOST_TEST(budget.total().usd == 18);
  BOOST_TEST(budget.reserved().usd == 0);
  budget.deal({1000.0, std::nullopt});
  for (const auto& reply : run.ask(questions(endpoint, 20))) BOOST_TEST(reply.reason == "");
  BOOST_TEST(std::ssize(server.log()) == 20);
}

BOOST_AUTO_TEST_CASE(a_request_that_broke_may_have_been_charged_for) {
  for (const auto how : {test::FakeReply::How::cut, test::FakeReply::How::reset}) {
    FakeHttp server([how](const FakeRequest& request, int before) {
      auto reply = echo(request);
      if (before == 0) reply.how = how;
      return reply;
    });
    const std::string name = how == test::FakeReply::How::cut ? "cut" : "reset";
    Budget budget;
    Ledger ledger(ledgers() / (name + "-0.ledger"));
    Run run(name);
    run.sender.charge(budget, ledger);
    const auto endpoint = dear(server.url(""));
    auto asks = questions(endpoint, 1);
    asks[0].key = digest_of(name);  // not known from the first round
    BOOST_TEST(run.ask(std::move(asks))[0].reason == "");
    BOOST_TEST(budget.total().usd == 13);
  }
}
