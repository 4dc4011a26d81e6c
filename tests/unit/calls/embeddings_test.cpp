#include "calls/embeddings.hpp"

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/errors.hpp"
#include "calls/vector_asker.hpp"
#include "tests/unit/calls/calls_kit.hpp"

using namespace dream;
using namespace dream::calls;
using nlohmann::json;
using test::FakeHttp;
using test::FakeReply;
using test::FakeRequest;

namespace {

/// Two numbers for each text: its length and one.
FakeReply vectors(const FakeRequest& request) {
  json data = json::array();
  const auto body = json::parse(request.body);
  for (const auto& text : body["input"]) {
    const auto length = static_cast<double>(text.get<std::string>().size());
    data.push_back({{"embedding", {length, 1.0}}, {"index", data.size()}});
  }
  FakeReply reply;
  reply.body = json{{"data", data}, {"usage", {{"prompt_tokens", 5}}}}.dump();
  return reply;
}

struct VectorRun : Run {
  VectorAsker vectors{store, sender, redact};
  explicit VectorRun(const std::string& incarnation) : Run(incarnation) {}
  std::vector<AskedVector> ask(const Endpoint& endpoint, const std::vector<std::string>& texts,
                               std::int64_t dimension = 2) {
    return vectors.ask(endpoint, dimension, texts, no_pulse());
  }
};

std::vector<std::string> texts_of(int count) {
  std::vector<std::string> texts;
  for (int i = 0; i < count; ++i) texts.push_back("text " + std::string(static_cast<std::size_t>(i), 'x'));
  return texts;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_request_for_vectors_is_pinned) {
  const std::vector<std::string> texts{"a \"b\"", "c"};
  BOOST_TEST(embeddings_body({"m", 0, true}, texts) ==
             R"({"encoding_format":"base64","input":["a \"b\"","c"],"model":"m"})");
  BOOST_TEST(embeddings_body({"m", 3, false}, texts) ==
             R"({"dimensions":3,"encoding_format":"float","input":["a \"b\"","c"],"model":"m"})");
  BOOST_TEST(embedding_identity({"m", 3, false}, "c") == R"({"dimensions":3,"input":"c","model":"m"})");
}

BOOST_AUTO_TEST_CASE(base64_and_numbers_give_the_same_bits) {
  const std::vector<float> values{0.1F, -2.5e-8F, 3.0F, std::numeric_limits<float>::denorm_min()};
  const auto record = embedding_record(values);
  const auto back = read_embeddings(json_result(record), 1);
  BOOST_TEST((back.verdict == Verdict::answer));
  BOOST_TEST((back.vectors.at(0) == values));
  const auto numbers = read_embeddings(json_result(json{{"data", {{{"embedding", values}}}}}.dump()), 1);
  BOOST_TEST((numbers.vectors.at(0) == values));
  // From Python: base64.b64encode(struct.pack("<3f", 1, -2, 0.5))
  const auto python = read_embeddings(json_result(R"({"data":[{"embedding":"AACAPwAAAMAAAAA/"}]})"), 1);
  BOOST_TEST((python.vectors.at(0) == std::vector<float>{1, -2, 0.5F}));
  BOOST_TEST(read_embeddings(json_result(embedding_record({})), 1).vectors.at(0).empty());
}

BOOST_AUTO_TEST_CASE(a_vector_that_is_none_is_empty_and_a_wrong_reply_is_retried) {
  for (const char* none : {"null", "[0.0,0.0]", "[1.0,null]", "[1e300,1.0]", "\"AADAfw==\""}) {
    const auto reply =
        read_embeddings(json_result(std::string(R"({"data":[{"embedding":)") + none + "}]}"), 1);
    BOOST_TEST_INFO(none);
    BOOST_TEST((reply.verdict == Verdict::answer));
    BOOST_TEST(reply.vectors.at(0).empty());
  }
  for (const char* wrong : {R"({"data":[]})", R"({"data":[{"embedding":[1]},{"embedding":[1]}]})",
                            R"({"data":[{"embedding":["a"]}]})", R"({"data":[{"embedding":"AAA"}]})",
                            R"({"data":[{"embedding":"?AAA"}]})", R"({"data":[{"embedding":[1],"index":1}]})",
                            "[]", "{}", R"({"data":[7]})"}) {
    BOOST_TEST_INFO(wrong);
    const auto reply = read_embeddings(json_result(wrong), 1);
    BOOST_TEST((reply.verdict == Verdict::transient));
    BOOST_TEST(reply.reason == "schema");
  }
  // Two vectors for one text, none for the other.
  const auto twice = R"({"data":[{"embedding":[1],"index":0},{"embedding":[2],"index":0}]})";
  BOOST_TEST(read_embeddings(json_result(twice), 2).reason == "schema");
  BOOST_TEST(read_embeddings(json_result("{\"data\""), 1).reason == "bad_json");
  BOOST_TEST(read_embeddings(json_result("{}", 500), 1).reason == "http");
}

BOOST_AUTO_TEST_CASE(texts_go_out_in_batches_and_each_has_a_record) {
  FakeHttp server([](const FakeRequest& request, int) { return vectors(request); });
  auto endpoint = endpoint_at(server.url(""));
  endpoint.batch_texts = 4;
  auto texts = texts_of(10);
  texts.push_back(texts[0]);
  for (const auto* incarnation : {"a", "b"}) {
    VectorRun run(incarnation);
    const auto asked = run.ask(endpoint, texts);
    for (std::size_t i = 0; i < texts.size(); ++i) {
      BOOST_TEST((asked[i].vector == std::vector<float>{static_cast<float>(texts[i].size()), 1}));
    }
  }
  BOOST_TEST(server.log().size() == 3U);
  // Another cut into batches finds the same records.
  endpoint.batch_texts = 1;
  VectorRun third("c");
  (void)third.ask(endpoint, {texts[7], texts[2]});
  BOOST_TEST(third.counts().sent == 0);
  endpoint.batch_texts = 100;
  endpoint.batch_tokens = 10;
  endpoint.revision = "2";
  (void)third.ask(endpoint, texts);
  BOOST_TEST(third.counts().sent > 2);
}

BOOST_AUTO_TEST_CASE(a_refused_text_is_found_in_its_batch_and_recorded_alone) {
  FakeHttp server([](const FakeRequest& request, int) {
    return request.body.find("xxxxxx") != std::string::npos &&
                   request.body.find("xxxxxxx") == std::string::npos
               ? refusal(400, "input is too long")
               : vectors(request);
  });
  // Only the text of six is refused; batches with longer ones are not, which the store must not mind.
  const auto endpoint = endpoint_at(server.url(""));
  const auto texts = texts_of(7);
  std::size_t requests = 0;
  for (const auto* incarnation : {"a", "b"}) {
    VectorRun run(incarnation);
    const auto asked = run.ask(endpoint, texts);
    for (std::size_t i = 0; i < 6; ++i) BOOST_TEST(asked[i].vector.size() == 2U);
    BOOST_TEST(asked[6].reason == "too_long");
    BOOST_TEST(asked[6].final);
    BOOST_TEST(asked[6].vector.empty());
    if (requests == 0) requests = server.log().size();
  }
  BOOST_TEST(server.log().size() == requests);
}

BOOST_AUTO_TEST_CASE(a_vector_of_nan_is_asked_for_once_more_alone) {
  FakeHttp server([](const FakeRequest& request, int) {
    auto reply = vectors(request);
    auto body = json::parse(reply.body);
    for (auto& item : body["data"]) {
      if (item["embedding"][0] == 7.0) item["embedding"] = {nullptr, 1.0};
    }
    reply.body = body.dump();
    return reply;
  });
  VectorRun run("a");
  const auto asked = run.ask(endpoint_at(server.url("")), texts_of(4));
  BOOST_TEST(asked[2].reason == "no_vector");
  BOOST_TEST(asked[3].vector.size() == 2U);
  BOOST_TEST(server.log().size() == 2U);
}

BOOST_AUTO_TEST_CASE(another_dimension_is_an_error_and_what_came_before_is_kept) {
  FakeHttp server([](const FakeRequest& request, int) { return vectors(request); });
  auto endpoint = endpoint_at(server.url(""));
  {
    VectorRun run("a");
    BOOST_CHECK_THROW((void)run.ask(endpoint, texts_of(2), 3), EndpointError);
    BOOST_TEST(run.vectors.ask_first(endpoint, "first", no_pulse()).vector.size() == 2U);
  }
  endpoint.dimensions = 5;
  VectorRun run("b");
  BOOST_CHECK_THROW((void)run.vectors.ask_first(endpoint, "first", no_pulse()), EndpointError);
}

BOOST_AUTO_TEST_CASE(a_first_text_that_is_refused_is_an_error_and_is_not_kept) {
  FakeHttp server(
      [](const FakeRequest&, int) { return refusal(400, "encoding_format is unknown, sk-very-secret"); });
  for (const auto* incarnation : {"a", "b"}) {
    VectorRun run(incarnation);
    try {
      (void)run.vectors.ask_first(endpoint_at(server.url("")), "first", no_pulse());
      BOOST_FAIL("a refusal was taken for a vector");
    } catch (const EndpointError& error) {
      const std::string words = error.what();
      BOOST_TEST(words.find("encoding_format is unknown, ***") != std::string::npos);
    }
  }
  BOOST_TEST(server.log().size() == 2U);
}

BOOST_AUTO_TEST_CASE(failures_of_a_batch_are_retried_and_then_wait_for_the_next_run) {
  FakeHttp server([](const FakeRequest& request, int before) {
    return before < 4 ? refusal(503, "busy") : vectors(request);
  });
  const auto endpoint = endpoint_at(server.url(""));  // three attempts
  VectorRun run("a");
  for (const auto& asked : run.ask(endpoint, texts_of(3))) {
    BOOST_TEST(asked.reason == "http");
    BOOST_TEST(!asked.final);
  }
  for (const auto& asked : run.ask(endpoint, texts_of(3))) BOOST_TEST(asked.vector.size() == 2U);
  BOOST_TEST(server.log().size() == 5U);
}
