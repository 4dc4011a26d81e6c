#include "calls/stream.hpp"

#include "calls/chat.hpp"
#include "tests/unit/calls/calls_kit.hpp"

using namespace dream;
using namespace dream::calls;
using test::FakeHttp;
using test::FakeReply;
using test::FakeRequest;

namespace {

net::HttpResult streamed(std::string body, int status = 200) {
  net::HttpResult result;
  result.status = status;
  result.content_type = "text/event-stream";
  result.body = std::move(body);
  return result;
}

std::string piece(const std::string& text, const std::string& finish = "null") {
  return R"({"choices":[{"index":0,"delta":{"content":)" + text + R"(},"finish_reason":)" + finish + "}]}";
}

const std::string usage = R"({"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":3}})";

ChatReply read(const std::string& body) { return read_chat(gathered(streamed(body)), 512); }

}  // namespace

BOOST_AUTO_TEST_CASE(the_pieces_of_a_stream_are_one_reply) {
  const auto reply =
      read("data: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":null}}]}\n\n" +
           ("data: " + piece("\"Seven \"") + "\n\n: keep-alive\n\n") +
           ("event: message\ndata:" + piece("\"b\\u00e4r.\"") + "\r\n\r\n") +
           ("data: " + piece("null", "\"stop\"") + "\n\ndata: " + usage + "\n\ndata: [DONE]\n\n"));
  BOOST_TEST(reply.reason == "");
  BOOST_TEST(reply.text == "Seven b\xc3\xa4r.");
  BOOST_TEST(reply.finish_reason == "stop");
  BOOST_TEST(reply.input_tokens == 7);
  BOOST_TEST(reply.output_tokens == 3);
}

BOOST_AUTO_TEST_CASE(data_over_several_lines_is_one_event) {
  BOOST_TEST(
      read("data: {\"choices\":[{\"delta\":{\"content\":\"a\"},\ndata: \"finish_reason\":\"stop\"}]}\n\n")
          .text == "a");
}

BOOST_AUTO_TEST_CASE(a_stream_without_its_end_is_truncated) {
  const auto body = "data: " + piece("\"half\"") + "\n\n";
  const auto result = gathered(streamed(body));
  BOOST_TEST((result.fault == net::HttpFault::truncated));
  BOOST_TEST((read(body).verdict == Verdict::transient));
  BOOST_TEST((gathered(streamed("")).fault == net::HttpFault::truncated));
  // The last event may lack its blank line.
  BOOST_TEST(read("data: " + piece("\"all\"", "\"stop\"")).text == "all");
}

BOOST_AUTO_TEST_CASE(an_error_within_a_stream_is_the_servers) {
  const auto reply = read("data: " + piece("\"half\"") +
                          "\n\ndata: {\"error\":{\"message\":\"engine died\"}}\n\ndata: [DONE]\n\n");
  BOOST_TEST((reply.verdict == Verdict::transient));
  BOOST_TEST(reply.reason == "http");
}

BOOST_AUTO_TEST_CASE(what_is_no_stream_stays_as_it_is) {
  auto plain = streamed("{}");
  plain.content_type = "application/json";
  BOOST_TEST(gathered(plain).body == "{}");
  BOOST_TEST(gathered(streamed("busy", 503)).body == "busy");
}

BOOST_AUTO_TEST_CASE(a_streamed_call_is_the_same_call) {
  std::vector<std::string> bodies;
  FakeHttp server([&](const FakeRequest& request, int) {
    bodies.push_back(request.body);
    FakeReply reply;
    reply.content_type = "text/event-stream; charset=utf-8";
    reply.body = "data: " + piece("\"" + asked(request) + "\"", "\"stop\"") + "\n\ndata: " + usage +
                 "\n\ndata: [DONE]\n\n";
    return reply;
  });
  auto endpoint = endpoint_at(server.url(""));
  const auto plain = questions(endpoint, 3);
  endpoint.stream = true;
  const auto asks = questions(endpoint, 3);
  Run run("a");
  const auto replies = run.ask(asks);
  for (std::size_t i = 0; i < 3; ++i) {
    BOOST_TEST((asks[i].key == plain[i].key));
    BOOST_TEST(replies[i].text == "question " + std::to_string(i));
    BOOST_TEST(replies[i].output_tokens == 3);
  }
  BOOST_TEST(bodies.at(0).find(R"("stream":true)") != std::string::npos);
  BOOST_TEST(bodies.at(0).find(R"("include_usage":true)") != std::string::npos);
  BOOST_TEST(run.counts().first_byte.count() == 3);
  // Found again, and read, without being told that it was a stream.
  endpoint.stream = false;
  BOOST_TEST(run.ask(questions(endpoint, 3)).at(1).text == "question 1");
  BOOST_TEST(server.log().size() == 3U);
}
