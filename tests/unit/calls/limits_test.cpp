// The small values behind a lane, each with a clock of the test's own.
#include <deque>
#include <limits>

#include "calls/lane.hpp"
#include "tests/support/test.hpp"

using namespace dream;
using namespace dream::calls;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

/// A client that always wants more: what it gets over five minutes. `amounts`: what its requests take, in
/// turn.
struct Taken {
  double most = 0;  ///< in any minute after the first
  double least = std::numeric_limits<double>::max();
  double burst = 0;  ///< in the first millisecond
};

Taken take_all(double per_minute, const std::vector<double>& amounts) {
  RateLimit limit(per_minute);
  const TimePoint start{seconds(1000)};
  std::deque<std::pair<TimePoint, double>> window;
  Taken taken;
  double sum = 0;
  std::size_t turn = 0;
  for (auto now = start; now < start + seconds(300); now += milliseconds(1)) {
    while (limit.ready(amounts[turn % amounts.size()], now) <= now) {
      const auto amount = amounts[turn++ % amounts.size()];
      limit.take(amount, now);
      window.emplace_back(now, amount);
      sum += amount;
      if (now == start) taken.burst += amount;
    }
    while (!window.empty() && window.front().first <= now - seconds(60)) {
      sum -= window.front().second;
      window.pop_front();
    }
    if (now < start + seconds(120)) continue;
    taken.most = std::max(taken.most, sum);
    taken.least = std::min(taken.least, sum);
  }
  return taken;
}

net::HttpResult reply(int status, std::map<std::string, std::string> limits = {}) {
  net::HttpResult result;
  result.status = status;
  result.rate_limits = std::move(limits);
  result.elapsed = milliseconds(100);
  return result;
}

Endpoint lane_of(std::int64_t in_flight) {
  Endpoint endpoint;
  endpoint.in_flight = in_flight;
  return endpoint;
}

constexpr auto never = TimePoint::max();

}  // namespace

BOOST_AUTO_TEST_CASE(a_rate_holds_over_every_minute_and_a_burst_is_a_second) {
  for (const double rate : {6000.0, 600.0, 60.0}) {
    const auto taken = take_all(rate, {1});
    BOOST_TEST(taken.most <= rate * 1.02);
    BOOST_TEST(taken.least >= rate * 0.98);
    BOOST_TEST(taken.burst <= std::max(1.0, rate / 60));
  }
  // Requests of many tokens, each far beyond a second's worth.
  const auto tokens = take_all(60'000, {300, 2500, 100});
  BOOST_TEST(tokens.most <= 60'000 * 1.02 + 2500);
  BOOST_TEST(tokens.least >= 60'000 * 0.98 - 2500);
}

BOOST_AUTO_TEST_CASE(a_slow_rate_is_kept_to_the_request) {
  const auto taken = take_all(10, {1});
  BOOST_TEST(taken.most == 10);
  BOOST_TEST(taken.least >= 9);
}

BOOST_AUTO_TEST_CASE(what_was_taken_too_much_comes_back) {
  RateLimit limit(6000);
  const TimePoint now{seconds(1)};
  limit.take(100, now);
  BOOST_TEST((limit.ready(50, now) > now));
  limit.give_back(60, now);
  BOOST_TEST((limit.ready(50, now) == now));
  BOOST_TEST((RateLimit(0).ready(1e9, now) == now));
}

BOOST_AUTO_TEST_CASE(a_window_doubles_until_it_is_pushed_back_then_grows_by_one) {
  Window window(4, 100, true);
  const auto round = [&](int latency_ms) {
    const auto replies = std::max<std::int64_t>(window.width(), 16);
    for (std::int64_t i = 0; i < replies; ++i) window.replied(milliseconds(latency_ms));
  };
  round(100);
  BOOST_TEST(window.width() == 8);
  round(100);
  BOOST_TEST(window.width() == 16);
  window.pushed_back();
  window.pushed_back();  // of the same round
  BOOST_TEST(window.width() == 8);
  round(100);
  BOOST_TEST(window.width() == 8);
  round(100);
  BOOST_TEST(window.width() == 9);
  window.pushed_back();
  BOOST_TEST(window.width() == 4);
}

BOOST_AUTO_TEST_CASE(a_window_shrinks_when_requests_only_queue) {
  Window window(40, 100, true);
  Window deaf(40, 40, false);
  for (const int latency : {100, 250}) {
    for (int i = 0; i < 200; ++i) {
      window.replied(milliseconds(latency));
      deaf.replied(milliseconds(latency));
    }
  }
  BOOST_TEST(window.width() < 100);
  BOOST_TEST(window.width() > 40);
  BOOST_TEST(deaf.width() == 40);
  for (int i = 0; i < 100; ++i) window.pushed_back();
  BOOST_TEST(window.width() >= 1);
}

BOOST_AUTO_TEST_CASE(a_breaker_pauses_probes_and_resumes) {
  Breaker breaker(3, seconds(1), seconds(4));
  TimePoint now{seconds(100)};
  breaker.failed(now);
  breaker.failed(now);
  breaker.replied();
  breaker.failed(now);
  breaker.failed(now);
  BOOST_TEST((breaker.ready(now) == now));
  breaker.failed(now);
  BOOST_TEST((breaker.ready(now) == now + seconds(1)));
  for (const int pause : {2, 4, 4}) {
    now = breaker.ready(now);
    breaker.sent();
    BOOST_TEST((breaker.ready(now) == never));  // one at a time
    breaker.failed(now);
    BOOST_TEST((breaker.ready(now) == now + seconds(pause)));
  }
  BOOST_TEST((breaker.dead_for(now) == seconds(7)));
  now = breaker.ready(now);
  breaker.sent();
  breaker.replied();
  BOOST_TEST((breaker.ready(now) == now));
  BOOST_TEST((breaker.dead_for(now) == seconds(0)));
}

BOOST_AUTO_TEST_CASE(a_failure_from_before_the_pause_does_not_lengthen_it) {
  Breaker breaker(1, seconds(1), seconds(4));
  const TimePoint now{seconds(100)};
  breaker.failed(now);
  breaker.failed(now + milliseconds(500));
  BOOST_TEST((breaker.ready(now) == now + seconds(1)));
}

BOOST_AUTO_TEST_CASE(reset_times_of_headers) {
  BOOST_TEST(parse_reset("1s")->count() == 1000);
  BOOST_TEST(parse_reset("6m0s")->count() == 360'000);
  BOOST_TEST(parse_reset("250ms")->count() == 250);
  BOOST_TEST(parse_reset("1h2m3.5s")->count() == 3'723'500);
  BOOST_TEST(parse_reset("7")->count() == 7000);
  for (const char* none : {"", "soon", "1x", "-3s", "s"}) BOOST_TEST(!parse_reset(none).has_value());
}

BOOST_AUTO_TEST_CASE(a_lane_holds_to_its_width_and_to_what_the_endpoint_says) {
  Lane lane(lane_of(2), {});
  TimePoint now{seconds(100)};
  lane.sent(10, now);
  BOOST_TEST((lane.ready(10, now) <= now));
  lane.sent(10, now);
  BOOST_TEST((lane.ready(10, now) == never));
  lane.ended(reply(200, {{"x-ratelimit-remaining-requests", "0"}, {"x-ratelimit-reset-requests", "2s"}}), 10,
             10, now);
  BOOST_TEST((lane.ready(10, now) == now + seconds(2)));
  now += seconds(2);
  BOOST_TEST((lane.ready(10, now) <= now));
  auto wait = reply(429);
  wait.retry_after = seconds(5);
  lane.ended(wait, 10, 10, now);
  BOOST_TEST((lane.ready(10, now) == now + seconds(5)));
}

BOOST_AUTO_TEST_CASE(a_lane_gives_up_an_endpoint_that_stays_dead_and_still_looks_again) {
  AskOptions options;
  options.failures_before_pause = 1;
  options.longest_wait = seconds(10);
  Lane lane(lane_of(2), options);
  TimePoint now{seconds(100)};
  int probes = 0;
  while (!lane.given_up(now) && probes < 100) {
    lane.sent(1, now);
    lane.ended(reply(503), 1, 1, now);
    ++probes;
    now = std::max(now + milliseconds(1), lane.ready(1, now) - milliseconds(1));
    if (!lane.given_up(now)) now = lane.ready(1, now);
  }
  BOOST_TEST(lane.given_up(now));
  BOOST_TEST(probes < 10);
  now = lane.ready(1, now);
  BOOST_TEST(!lane.given_up(now));
  lane.sent(1, now);
  lane.ended(reply(200), 1, 1, now);
  BOOST_TEST((lane.ready(1, now) <= now));
}
