#include "calls/structured.hpp"

#include <nlohmann/json.hpp>

#include "tests/support/test.hpp"

using namespace dream;
using namespace dream::calls;

namespace {

std::string object_in(const std::string& text) { return std::string(first_object(text).value_or("none")); }

Structured structured(const std::string& text, const std::string& finish) {
  return read_structured({text, "", true, finish, 1, 1});
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_first_object_is_found_in_any_talk) {
  BOOST_TEST(object_in(R"({"a": 1})") == R"({"a": 1})");
  BOOST_TEST(object_in("Sure!\n```json\n{\"a\": {\"b\": \"}\"}}\n``` {\"c\": 2}") == R"({"a": {"b": "}"}})");
  BOOST_TEST(object_in(R"(In the form {x} it is {"a": "\"}{"} then)") == R"({"a": "\"}{"})");
  BOOST_TEST(object_in("{'a': 1} {\"b\": 2}") == R"({"b": 2})");
  BOOST_TEST(object_in("an opening { that never ends {\"b\": 2}") == R"({"b": 2})");
  for (const auto* text : {"", "none", "{", "}", "[1, 2]", "{\"a\": }", "{\"a\": \"\xff\"}"}) {
    BOOST_TEST(object_in(text) == "none", text);
  }
}

BOOST_AUTO_TEST_CASE(nothing_but_braces_ends_soon) {
  BOOST_TEST(!first_object(std::string(5'000'000, '{')));
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "{\"a\":";
  BOOST_TEST(!first_object(deep));
}

BOOST_AUTO_TEST_CASE(what_was_cut_off_is_no_object_even_when_it_holds_one) {
  const std::string cut = R"({"verdicts": [{"statement": "a", "verdict": 1}, {"statement": "b)";
  BOOST_TEST(structured(cut, "length").reason == "truncated");
  BOOST_TEST(!structured(cut, "length").can_be_repaired());
  BOOST_TEST(structured(R"({"a": 1} and so on)", "length").object == R"({"a": 1})");
  BOOST_TEST(structured("no idea", "stop").reason == "unparsable");
  BOOST_TEST(structured("no idea", "stop").can_be_repaired());
  BOOST_TEST(read_structured({"", "refusal", true, "stop", 1, 1}).reason == "refusal");
}

BOOST_AUTO_TEST_CASE(a_list_is_put_into_its_object_when_nothing_else_is_in_it) {
  const std::string objects =
      R"({"type": "object", "properties": {"v": {"type": "array", "items": {"type": "object"}}}})";
  const std::string texts = R"({"properties": {"v": {"type": "array", "items": {"type": "string"}}}})";
  const auto object = [](const std::string& text, const std::string& schema) {
    return read_structured({text, "", true, "stop", 1, 1}, schema).object;
  };
  BOOST_TEST(object(R"([{"a": 1}, {"a": 2}])", objects) == R"({"v":[{"a": 1}, {"a": 2}]})");
  BOOST_TEST(object("```json\n[\"x]\", \"y\"]\n```", texts) == R"({"v":["x]", "y"]})");
  BOOST_TEST(object("[]", objects) == R"({"v":[]})");
  BOOST_TEST(object(R"({"v": [{"a": 1}]})", objects) == R"({"v": [{"a": 1}]})");
  // Marks in the talk are no lists of such things.
  BOOST_TEST(object(R"(As in [1] and ["x"]: {"v": []})", objects) == R"({"v": []})");
  BOOST_TEST(object(R"([{"a": 1}])", "") == R"({"a": 1})");
  for (const auto* other :
       {R"({"properties": {"v": {"type": "array", "items": {"type": "object"}}, "w": {"type": "integer"}}})",
        R"({"properties": {"v": {"type": "integer"}}})", R"({"properties": {}})", "[]", "no schema",
        R"({"properties": {"v": {"type": "array"}}})", R"({"properties": {"v": 1}})"}) {
    BOOST_TEST(!bare_list(other), other);
  }
  const auto cut = read_structured({R"([{"a": 1}, {"a": 2)", "", true, "length", 1, 1}, objects);
  BOOST_TEST(cut.reason == "truncated");
}

BOOST_AUTO_TEST_CASE(a_schema_is_a_part_of_the_request_and_its_key) {
  Endpoint endpoint;
  endpoint.model = "tiny";
  const std::vector<Message> messages{{"user", "hello"}};
  const auto plain = make_ask(endpoint, messages, 0, std::nullopt);
  const auto held = make_ask(endpoint, messages, 0, std::nullopt, R"({"type":"object"})");
  BOOST_TEST((held.key != plain.key));
  const auto format = nlohmann::json::parse(held.body).at("response_format");
  BOOST_TEST(format.at("type") == "json_schema");
  BOOST_TEST(format.at("json_schema").at("schema").at("type") == "object");
}

BOOST_AUTO_TEST_CASE(a_repair_shows_the_model_what_it_said) {
  const auto all = repair_prompt({{"system", "s"}, {"user", "u"}}, std::string(20'000, 'x'), "again");
  BOOST_REQUIRE(all.size() == 4U);
  BOOST_TEST((all[2].role == "assistant" && all[2].content.size() == 8'000U));
  BOOST_TEST((all[3].role == "user" && all[3].content == "again"));
}
