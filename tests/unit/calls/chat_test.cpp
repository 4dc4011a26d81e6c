#include "calls/chat.hpp"

#include "tests/support/fake_http.hpp"
#include "tests/support/test.hpp"

using namespace dream;
using namespace dream::calls;
using net::HttpFault;

namespace {

net::HttpResult reply(int status, std::string body, std::string content_type = "application/json") {
  net::HttpResult result;
  result.status = status;
  result.body = std::move(body);
  result.content_type = std::move(content_type);
  return result;
}

net::HttpResult fault(HttpFault kind) {
  net::HttpResult result;
  result.fault = kind;
  return result;
}

void expect(const net::HttpResult& result, Verdict verdict, const std::string& reason) {
  BOOST_TEST_INFO(result.status << " " << result.body.substr(0, 80) << " " << net::to_text(result.fault));
  const auto read = read_chat(result, 100);
  BOOST_TEST((read.verdict == verdict));
  BOOST_TEST(read.reason == reason);
}

}  // namespace

BOOST_AUTO_TEST_CASE(bodies_are_canonical_json) {
  const std::vector<Message> messages{{"system", "be \"brief\"\n"}, {"user", "Grüße \xff"}};
  BOOST_TEST(chat_body({"m", 0.1, 64, std::nullopt}, messages) ==
             "{\"max_tokens\":64,\"messages\":[{\"content\":\"be \\\"brief\\\"\\n\",\"role\":\"system\"},"
             "{\"content\":\"Grüße \xEF\xBF\xBD\",\"role\":\"user\"}],\"model\":\"m\",\"temperature\":0.1}");
  BOOST_TEST(chat_body({"m", 0, 64, 7}, {}) ==
             R"({"max_tokens":64,"messages":[],"model":"m","seed":7,"temperature":0.0})");
}

BOOST_AUTO_TEST_CASE(a_good_reply_is_read) {
  const auto read = read_chat(reply(200, test::chat_reply("text")), 100);
  BOOST_TEST((read.verdict == Verdict::answer));
  BOOST_TEST(read.reason == "");
  BOOST_TEST(read.text == "text");
  BOOST_TEST(read.finish_reason == "stop");
  BOOST_TEST(read.input_tokens == 7);
  BOOST_TEST(read.output_tokens == 3);
}

BOOST_AUTO_TEST_CASE(replies_of_other_servers_are_read) {
  const auto parts =
      reply(200, R"({"choices":[{"message":{"content":[{"type":"text","text":"a"},{"text":"b"}]}}]})");
  BOOST_TEST(read_chat(parts, 100).text == "ab");
  BOOST_TEST(read_chat(parts, 100).input_tokens == 0);
  BOOST_TEST(read_chat(reply(201, test::chat_reply("x"), ""), 100).text == "x");
}

BOOST_AUTO_TEST_CASE(replies_without_text_have_a_reason_and_are_final) {
  expect(reply(200, test::chat_reply("")), Verdict::answer, "empty");
  expect(reply(200, test::chat_reply(" \\n")), Verdict::answer, "empty");
  expect(reply(200, R"({"choices":[{"message":{"content":null}}]})"), Verdict::answer, "empty");
  expect(reply(200, test::chat_reply("", "content_filter")), Verdict::answer, "refusal");
  expect(reply(200, R"({"choices":[{"message":{"content":null,"refusal":"no"}}]})"), Verdict::answer,
         "refusal");
}

BOOST_AUTO_TEST_CASE(a_reply_at_its_token_limit_is_an_answer_and_one_before_it_was_cut) {
  BOOST_TEST((read_chat(reply(200, test::chat_reply("text", "length")), 3).verdict == Verdict::answer));
  const auto cut = read_chat(reply(200, test::chat_reply("text", "length")), 4);
  BOOST_TEST((cut.verdict == Verdict::transient));
  BOOST_TEST(cut.reason == "cut");
  BOOST_TEST(cut.text == "text");
}

BOOST_AUTO_TEST_CASE(every_failure_has_its_kind) {
  expect(fault(HttpFault::timeout), Verdict::transient, "timeout");
  expect(fault(HttpFault::refused), Verdict::transient, "refused");
  expect(fault(HttpFault::dns), Verdict::transient, "network");
  expect(fault(HttpFault::reset), Verdict::transient, "network");
  expect(fault(HttpFault::truncated), Verdict::transient, "network");
  expect(fault(HttpFault::too_large), Verdict::transient, "too_large");
  expect(fault(HttpFault::tls), Verdict::endpoint, "network");
  for (const int status : {401, 402, 404, 405, 407, 410, 302})
    expect(reply(status, "{}"), Verdict::endpoint, "http");
  for (const int status : {400, 403, 409, 413, 422}) expect(reply(status, "{}"), Verdict::row, "http");
  for (const int status : {500, 502, 503, 504, 529, 425})
    expect(reply(status, "{}"), Verdict::transient, "http");
  expect(reply(408, "{}"), Verdict::transient, "timeout");
  expect(reply(429, "{}"), Verdict::transient, "rate");
  expect(reply(429, R"({"error":{"code":"insufficient_quota"}})"), Verdict::endpoint, "rate");
  expect(reply(200, "<html>", "text/html"), Verdict::transient, "content_type");
  expect(reply(200, test::chat_reply("x").substr(0, 40)), Verdict::transient, "bad_json");
  expect(reply(200, "{\"choices\": \"\xff\"}"), Verdict::transient, "bad_json");
  expect(reply(200, ""), Verdict::transient, "bad_json");
  for (const auto* body :
       {"{}", "[]", "null", "3", R"({"choices":[]})", R"({"choices":{}})", R"({"choices":[3]})",
        R"({"choices":[{"message":"x"}]})", R"({"error":{"message":"busy"}})"}) {
    expect(reply(200, body), Verdict::transient, "schema");
  }
}

BOOST_AUTO_TEST_CASE(hostile_numbers_and_depth_do_no_harm) {
  const auto usage =
      R"({"choices":[{"message":{"content":"x"}}],"usage":{"prompt_tokens":-5,"completion_tokens":"9"}})";
  BOOST_TEST(read_chat(reply(200, usage), 100).input_tokens == 0);
  BOOST_TEST(read_chat(reply(200, usage), 100).output_tokens == 0);
  expect(reply(200, std::string(200'000, '[')), Verdict::transient, "bad_json");
  expect(reply(200, std::string(200'000, '[') + std::string(200'000, ']')), Verdict::transient, "schema");
}

BOOST_AUTO_TEST_CASE(a_servers_words_are_found_and_tamed) {
  BOOST_TEST(server_message(R"({"error":{"message":"bad key"}})") == "bad key");
  BOOST_TEST(server_message(R"({"error":"bad key"})") == "bad key");
  BOOST_TEST(server_message(R"({"detail":"Not Found"})") == "Not Found");
  BOOST_TEST(server_message(R"({"message":"no"})") == "no");
  BOOST_TEST(server_message("plain\n\x1b[31mtext") == "plain  [31mtext");
  BOOST_TEST(server_message(std::string(5000, 'x')).size() <= 303U);
}
