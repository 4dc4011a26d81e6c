#include "calls/asker.hpp"

#include <atomic>
#include <map>
#include <mutex>
#include <set>

#include "base/errors.hpp"
#include "tests/unit/calls/calls_kit.hpp"

using namespace dream;
using namespace dream::calls;
using std::chrono::milliseconds;
using test::FakeHttp;
using test::FakeReply;
using test::FakeRequest;

namespace {

FakeReply status(int code, const std::string& body = "{}") {
  FakeReply reply;
  reply.status = code;
  reply.body = body;
  return reply;
}

/// The first `failures` requests for each question meet `failure`, the others are answered.
FakeHttp::Script failing_first(int failures, FakeReply failure) {
  auto seen = std::make_shared<std::map<std::string, int>>();
  return [=](const FakeRequest& request, int) {
    return (*seen)[request.body]++ < failures ? failure : echo(request);
  };
}

}  // namespace

BOOST_AUTO_TEST_CASE(replies_come_in_the_order_of_the_asks) {
  FakeHttp server([](const FakeRequest& request, int before) {
    auto reply = echo(request);
    reply.delay = milliseconds(before % 3 == 0 ? 30 : 0);
    return reply;
  });
  const auto endpoint = endpoint_at(server.url(""));
  Run run("a");
  const auto replies = run.ask(questions(endpoint, 20));
  for (int i = 0; i < 20; ++i) {
    const auto& reply = replies[static_cast<std::size_t>(i)];
    BOOST_TEST(reply.text == "answer to question " + std::to_string(i));
    BOOST_TEST(reply.reason == "");
    BOOST_TEST(reply.final);
  }
  BOOST_TEST(run.counts().sent == 20);
  BOOST_TEST(run.counts().retries == 0);
  BOOST_TEST(run.counts().input_tokens == 140);
  BOOST_TEST(run.counts().output_tokens == 60);
  BOOST_TEST(run.counts().latency.count() == 20);
  BOOST_TEST(server.most_at_once() == 4);
  BOOST_TEST(server.log().at(0).path == "/v1/chat/completions");
  BOOST_TEST(run.ask({}).empty());
}

BOOST_AUTO_TEST_CASE(equal_calls_are_joined_and_samples_are_not) {
  FakeHttp server([](const FakeRequest& request, int) { return echo(request); });
  const auto endpoint = endpoint_at(server.url(""));
  const std::vector<Message> messages{{"user", "question 0"}};
  std::vector<Ask> asks(5, make_ask(endpoint, messages, 0, std::nullopt));
  Run run("a");
  for (const auto& reply : run.ask(asks)) BOOST_TEST(reply.text == "answer to question 0");
  BOOST_TEST(server.log().size() == 1U);
  BOOST_TEST(run.counts().joined == 4);
  (void)run.ask(
      {make_ask(endpoint, messages, 1, std::nullopt), make_ask(endpoint, messages, 2, std::nullopt)});
  BOOST_TEST(server.log().size() == 3U);
  (void)run.ask(asks);
  BOOST_TEST(server.log().size() == 3U);
  BOOST_TEST(run.counts().from_store == 5);
}

BOOST_AUTO_TEST_CASE(a_second_run_asks_nothing) {
  FakeHttp server([](const FakeRequest& request, int) { return echo(request); });
  auto endpoint = endpoint_at(server.url(""));
  std::vector<Reply> first;
  {
    Run run("a");
    first = run.ask(questions(endpoint, 10));
  }
  endpoint.base_url =
      "http://127.0.0.1:" + std::to_string(test::unused_port());  // another address, the same model
  Run again("b");
  const auto second = again.ask(questions(endpoint, 10));
  BOOST_TEST(again.counts().sent == 0);
  BOOST_TEST(again.counts().from_store == 10);
  BOOST_TEST(again.counts().input_tokens == 0);
  for (std::size_t i = 0; i < 10; ++i) {
    BOOST_TEST(second[i].text == first[i].text);
    BOOST_TEST(second[i].input_tokens == first[i].input_tokens);
    BOOST_TEST(second[i].finish_reason == "stop");
  }
}

BOOST_AUTO_TEST_CASE(another_revision_or_temperature_asks_again) {
  FakeHttp server([](const FakeRequest& request, int) { return echo(request); });
  auto endpoint = endpoint_at(server.url(""));
  Run run("a");
  (void)run.ask(questions(endpoint, 1));
  endpoint.revision = "2";
  (void)run.ask(questions(endpoint, 1));
  endpoint.temperature = 0.7;
  (void)run.ask(questions(endpoint, 1));
  BOOST_TEST(server.log().size() == 3U);
}

BOOST_AUTO_TEST_CASE(a_reply_is_in_the_journal_before_it_is_handed_on) {
  FakeHttp server([](const FakeRequest& request, int before) {
    auto reply = echo(request);
    reply.delay = milliseconds(3 * before);
    return reply;
  });
  auto endpoint = endpoint_at(server.url(""));
  endpoint.in_flight = 8;
  Run run("a");
  const auto asks = questions(endpoint, 30);
  for (const auto& ask : asks) run.asker.submit(ask);
  int settled = 0;
  while (run.asker.open() > 0) {
    const auto done = run.asker.advance(milliseconds(5));
    if (done.empty()) continue;
    std::set<Digest> kept;
    read_journal(run.store.journal().path(), [&](const CallRecord& one) { kept.insert(one.key); });
    for (const auto& one : done) {
      ++settled;
      BOOST_TEST(kept.contains(asks[one.ticket].key));
    }
  }
  BOOST_TEST(settled == 30);
}

BOOST_AUTO_TEST_CASE(failures_that_pass_are_retried) {
  FakeReply reset = status(200);
  reset.how = FakeReply::How::reset;
  FakeReply cut = status(200, test::chat_reply("text"));
  cut.how = FakeReply::How::cut;
  FakeReply html = status(200, "<html>busy</html>");
  html.content_type = "text/html";
  FakeReply slow = status(200, test::chat_reply("late"));
  slow.delay = milliseconds(60'000);
  FakeReply drip = status(200, test::chat_reply("slow"));
  drip.how = FakeReply::How::drip;
  const std::vector<FakeReply> failures{status(429),
                                        status(500),
                                        status(503),
                                        reset,
                                        cut,
                                        html,
                                        slow,
                                        drip,
                                        status(200, test::chat_reply("text").substr(0, 30)),
                                        status(200, "{}"),
                                        status(200, test::chat_reply("half an ans", "length")),
                                        status(408)};
  int number = 0;
  for (const auto& failure : failures) {
    BOOST_TEST_INFO("failure " << number);
    FakeHttp server(failing_first(2, failure));
    auto endpoint = endpoint_at(server.url(""));
    const bool late = failure.delay.count() > 0 || failure.how == FakeReply::How::drip;
    endpoint.timeout_s = late ? 1 : 20;
    endpoint.attempts = late ? 10 : 3;  // on a busy machine a good reply may come late as well
    endpoint.revision = std::to_string(number);
    Run run("run" + std::to_string(number++));
    const auto replies = run.ask(questions(endpoint, 2));
    for (std::size_t i = 0; i < 2; ++i)
      BOOST_TEST(replies[i].text == "answer to question " + std::to_string(i));
    BOOST_TEST(run.counts().given_up == 0);
    if (late) continue;
    BOOST_TEST(run.counts().sent == 6);
    BOOST_TEST(run.counts().retries == 4);
  }
}

BOOST_AUTO_TEST_CASE(a_failure_to_the_last_attempt_is_a_row_for_the_next_run) {
  std::atomic<bool> down{true};
  FakeHttp server([&](const FakeRequest& request, int) { return down ? status(500) : echo(request); });
  const auto endpoint = endpoint_at(server.url(""));
  {
    Run run("a");
    const auto replies = run.ask(questions(endpoint, 2));
    for (const auto& reply : replies) {
      BOOST_TEST(reply.reason == "http");
      BOOST_TEST(!reply.final);
      BOOST_TEST(reply.text == "");
    }
    BOOST_TEST(run.counts().sent == 6);
    BOOST_TEST(run.counts().given_up == 2);
  }
  down = false;
  Run next("b");
  BOOST_TEST(next.ask(questions(endpoint, 2))[1].text == "answer to question 1");
  BOOST_TEST(next.counts().sent == 2);
}

BOOST_AUTO_TEST_CASE(a_reply_cut_at_every_attempt_is_taken_as_it_is) {
  FakeHttp server(
      [](const FakeRequest&, int) { return status(200, test::chat_reply("context full", "length")); });
  const auto endpoint = endpoint_at(server.url(""));
  Run run("a");
  const auto reply = run.ask(questions(endpoint, 1)).at(0);
  BOOST_TEST(reply.text == "context full");
  BOOST_TEST(reply.reason == "");
  BOOST_TEST(reply.final);
  BOOST_TEST(reply.finish_reason == "length");
  BOOST_TEST(run.counts().sent == 3);
  BOOST_TEST(run.counts().output_tokens == 9);
  const auto again = run.ask(questions(endpoint, 1)).at(0);
  BOOST_TEST(again.text == "context full");
  BOOST_TEST(again.reason == "");
  BOOST_TEST(run.counts().sent == 3);
}

BOOST_AUTO_TEST_CASE(retry_after_is_honoured) {
  auto wait = status(429);
  wait.headers = {"Retry-After: 0.3"};
  FakeHttp server(failing_first(1, wait));
  const auto endpoint = endpoint_at(server.url(""));
  Run run("a");
  const auto begin = std::chrono::steady_clock::now();
  BOOST_TEST(run.ask(questions(endpoint, 1))[0].reason == "");
  BOOST_TEST((std::chrono::steady_clock::now() - begin >= milliseconds(300)));
}

BOOST_AUTO_TEST_CASE(an_endpoint_that_wants_an_hour_makes_the_row_wait_for_the_next_run) {
  auto wait = status(429);
  wait.headers = {"Retry-After: 3600"};
  FakeHttp server(failing_first(1, wait));
  const auto endpoint = endpoint_at(server.url(""));
  Run run("a");
  const auto reply = run.ask(questions(endpoint, 1))[0];
  BOOST_TEST(reply.reason == "rate");
  BOOST_TEST(!reply.final);
  BOOST_TEST(run.counts().sent == 1);
}

BOOST_AUTO_TEST_CASE(a_refused_request_is_a_final_row) {
  FakeHttp server([](const FakeRequest& request, int) {
    return asked(request) == "question 1" ? status(400, R"({"error":{"message":"too long"}})")
                                          : echo(request);
  });
  const auto endpoint = endpoint_at(server.url(""));
  for (const auto* incarnation : {"a", "b"}) {
    Run run(incarnation);
    const auto replies = run.ask(questions(endpoint, 3));
    BOOST_TEST(replies[0].text == "answer to question 0");
    BOOST_TEST(replies[1].reason == "http");
    BOOST_TEST(replies[1].final);
    BOOST_TEST(replies[2].text == "answer to question 2");
  }
  BOOST_TEST(server.log().size() == 3U);
}

BOOST_AUTO_TEST_CASE(nothing_can_succeed_so_it_ends_at_once) {
  int number = 0;
  for (const int code : {401, 404}) {
    FakeHttp server([=](const FakeRequest& request, int before) {
      auto no = status(code, R"({"error":{"message":"no, sk-very-secret"}})");
      no.delay = milliseconds(50);
      return before < 5 ? echo(request) : no;
    });
    auto endpoint = endpoint_at(server.url(""));
    endpoint.revision = std::to_string(number);
    {
      Run run("bad" + std::to_string(number));
      try {
        (void)run.ask(questions(endpoint, 100));
        BOOST_FAIL("status " << code << " did not end it");
      } catch (const EndpointError& error) {
        BOOST_TEST(error.status == code);
        BOOST_TEST(error.attempts == 1);
        BOOST_TEST(error.url == server.url("/v1/chat/completions"));
        const std::string text = error.what();
        BOOST_TEST(text.find("no, ***") != std::string::npos);
        BOOST_TEST(text.find("models.large.") != std::string::npos);
      }
      BOOST_TEST(run.asker.open() == 0);
    }
    BOOST_TEST(server.log().size() <= 9U);
    // The five replies that came first were paid for and are kept.
    Run next("next" + std::to_string(number++));
    BOOST_CHECK_THROW((void)next.ask(questions(endpoint, 100)), EndpointError);
    BOOST_TEST(next.counts().from_store == 5);
  }
}

BOOST_AUTO_TEST_CASE(a_pulse_that_throws_keeps_what_has_arrived) {
  FakeHttp server([](const FakeRequest& request, int before) {
    auto reply = echo(request);
    if (before >= 6) reply.delay = milliseconds(60'000);
    return reply;
  });
  const auto endpoint = endpoint_at(server.url(""));
  {
    Run run("a");
    const Pulse pulse = [&] {
      if (server.log().size() >= 10U) throw Stopped("test");
    };
    BOOST_CHECK_THROW((void)run.asker.ask(questions(endpoint, 30), pulse), Stopped);
    BOOST_TEST(run.asker.open() == 0);
  }
  BOOST_TEST(seal(test::folder() / "calls", no_log(), no_pulse()).new_calls == 6);
}

BOOST_AUTO_TEST_CASE(endpoints_have_limits_of_their_own) {
  const auto slowly = [](const FakeRequest& request, int) {
    auto reply = echo(request);
    reply.delay = milliseconds(5);
    return reply;
  };
  FakeHttp one(slowly);
  FakeHttp two(slowly);
  auto first = endpoint_at(one.url(""));
  auto second = endpoint_at(two.url(""));
  first.in_flight = 1;
  second.in_flight = 6;
  second.model = "other-model";
  auto asks = questions(first, 10);
  for (auto& ask : questions(second, 30)) asks.push_back(ask);
  Run run("a");
  for (const auto& reply : run.ask(asks)) BOOST_TEST(reply.reason == "");
  BOOST_TEST(one.most_at_once() == 1);
  BOOST_TEST(two.most_at_once() == 6);
}

BOOST_AUTO_TEST_CASE(a_large_reply_is_kept_whole) {
  const std::string text(10 << 20, 'y');
  FakeHttp server([&](const FakeRequest&, int) { return status(200, test::chat_reply(text)); });
  const auto endpoint = endpoint_at(server.url(""));
  for (const auto* incarnation : {"a", "b"}) {
    Run run(incarnation);
    BOOST_TEST((run.ask(questions(endpoint, 1))[0].text == text));
  }
  BOOST_TEST(server.log().size() == 1U);
}
