#pragma once
// What the cases about calls share: an endpoint at a scripted server, and a store that is opened anew for
// each "run".
#include <filesystem>
#include <string>
#include <vector>

#include "calls/asker.hpp"
#include "calls/call_store.hpp"
#include "tests/support/fake_http.hpp"
#include "tests/support/test.hpp"

namespace dream::calls {

inline Endpoint endpoint_at(const std::string& url) {
  Endpoint endpoint;
  endpoint.name = "large";
  endpoint.base_url = url + "/v1";
  endpoint.model = "fake-model";
  endpoint.timeout_s = 20;
  endpoint.attempts = 3;
  endpoint.in_flight = 4;
  endpoint.api_key = {"sk-very-secret", "env LLM_API_KEY"};
  return endpoint;
}

inline AskOptions quick() {
  AskOptions options;
  options.backoff = std::chrono::milliseconds(2);
  options.longest_backoff = std::chrono::milliseconds(10);
  return options;
}

inline std::vector<Ask> questions(const Endpoint& endpoint, int count) {
  std::vector<Ask> asks;
  for (int i = 0; i < count; ++i) {
    const std::vector<Message> messages{{"user", "question " + std::to_string(i)}};
    asks.push_back(make_ask(endpoint, messages, 0, std::nullopt));
  }
  return asks;
}

/// A reply as it comes from the net.
inline net::HttpResult json_result(const std::string& body, int status = 200) {
  net::HttpResult one;
  one.status = status;
  one.body = body;
  one.content_type = "application/json";
  return one;
}

/// A reply that refuses, for reasons given in `words`, which need no escapes.
inline test::FakeReply refusal(int status, const std::string& words) {
  test::FakeReply reply;
  reply.status = status;
  reply.body = R"({"error":{"message":")" + words + "\"}}";
  return reply;
}

/// The user's text in a request, which the scripts give back as the answer.
inline std::string asked(const test::FakeRequest& request) {
  const auto begin = request.body.find("question ");
  return begin == std::string::npos ? "" : request.body.substr(begin, request.body.find('"', begin) - begin);
}

inline test::FakeReply echo(const test::FakeRequest& request) {
  test::FakeReply reply;
  reply.body = test::chat_reply("answer to " + asked(request));
  return reply;
}

/// One run of a job on the test's folder: seals what earlier runs left, as rank 0 does, and opens the store.
struct Run {
  std::filesystem::path folder = test::folder() / "calls";
  net::Redactor redact;
  CallStore store;
  Sender sender;
  Asker asker;

  explicit Run(const std::string& incarnation, AskOptions options = quick())
      : store(folder, seal(folder, no_log(), no_pulse()).segments, incarnation, 0),
        sender(redact, options),
        asker(store, sender) {
    redact.add("sk-very-secret");
  }
  std::vector<Reply> ask(std::vector<Ask> asks) { return asker.ask(std::move(asks), no_pulse()); }
  [[nodiscard]] const AskCounts& counts() const { return asker.counts(); }
};

}  // namespace dream::calls
