#include "calls/rerank.hpp"

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

/// The score of a passage is its length, in the shape that Jina and Cohere use, best first.
FakeReply lengths(const FakeRequest& request) {
  json results = json::array();
  const auto body = json::parse(request.body);
  for (const auto& text : body["documents"]) {
    const json entry{{"index", results.size()}, {"relevance_score", text.get<std::string>().size()}};
    results.insert(results.begin(), entry);
  }
  FakeReply reply;
  reply.body = json{{"results", results}, {"usage", {{"total_tokens", 7}}}}.dump();
  return reply;
}

struct RerankRun : Run {
  VectorAsker scores{store, sender, redact, rerank_kind()};
  explicit RerankRun(const std::string& incarnation) : Run(incarnation) {}
  std::vector<AskedVector> ask(const Endpoint& endpoint, const std::vector<std::string>& pairs) {
    return scores.ask(endpoint, 1, pairs, no_pulse());
  }
};

std::vector<std::string> pairs_of(const std::string& query, int count) {
  std::vector<std::string> pairs;
  for (int i = 0; i < count; ++i)
    pairs.push_back(pair_text(query, "passage " + std::string(static_cast<std::size_t>(i), 'x')));
  return pairs;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_request_for_scores_is_pinned_in_both_shapes) {
  auto endpoint = endpoint_at("http://h");
  const std::vector<std::string> pairs{pair_text("q \"?\"", "one"), pair_text("q \"?\"", "two")};
  BOOST_TEST(
      rerank_body(endpoint, pairs) ==
      R"({"documents":["one","two"],"model":"fake-model","query":"q \"?\"","return_documents":false,"top_n":2})");
  endpoint.rerank_as = "tei";
  BOOST_TEST(rerank_body(endpoint, pairs) ==
             R"({"query":"q \"?\"","return_text":false,"texts":["one","two"],"truncate":true})");
}

BOOST_AUTO_TEST_CASE(a_pair_is_named_by_both_texts_and_begins_as_its_query_does) {
  const auto name = pair_name("q", "p");
  BOOST_TEST((name == pair_name("q", "p")));
  BOOST_TEST(name.prefix() == pair_name("q", "other").prefix());
  BOOST_TEST(name.prefix() != pair_name("r", "p").prefix());
  for (const auto& other :
       {pair_name("q", "other"), pair_name("r", "p"), pair_name("qp", ""), pair_name("", "qp")})
    BOOST_TEST((name != other));
}

BOOST_AUTO_TEST_CASE(every_shape_of_a_reply_is_read) {
  for (const char* body :
       {R"({"results":[{"index":1,"relevance_score":0.25},{"index":0,"relevance_score":-2}]})",
        R"([{"index":1,"score":0.25},{"index":0,"score":-2}])",
        R"({"results":[{"index":0,"relevance_score":-2,"document":{"text":"x"}},)"
        R"({"index":1,"relevance_score":0.25}],"meta":{}})"}) {
    BOOST_TEST_INFO(body);
    const auto reply = read_rerank(json_result(body), 2);
    BOOST_TEST((reply.verdict == Verdict::answer));
    BOOST_TEST((reply.vectors == std::vector<std::vector<float>>{{-2}, {0.25}}));
  }
  const auto zero = read_rerank(
      json_result(R"({"results":[{"index":0,"relevance_score":0}],"usage":{"total_tokens":9}})"), 1);
  BOOST_TEST((zero.vectors.at(0) == std::vector<float>{0}));
  BOOST_TEST(zero.input_tokens == 9);
  for (const float score : {0.1F, -1e-38F, 3e38F}) {
    const std::vector<float> one{score};
    BOOST_TEST((read_rerank(json_result(rerank_record(one)), 1).vectors.at(0) == one));
  }
}

BOOST_AUTO_TEST_CASE(a_score_that_is_none_is_empty_and_a_wrong_reply_is_retried) {
  for (const char* none : {"null", "1e300"}) {
    const auto body = std::string(R"([{"index":0,"score":)") + none + "}]";
    const auto reply = read_rerank(json_result(body), 1);
    BOOST_TEST((reply.verdict == Verdict::answer));
    BOOST_TEST(reply.vectors.at(0).empty());
  }
  BOOST_TEST(read_rerank(json_result(rerank_record({})), 1).vectors.at(0).empty());
  const std::string ok = R"({"index":0,"relevance_score":1})";
  for (const auto& wrong : {std::string("[]"), std::string("{}"), "[" + ok + "]", "[" + ok + "," + ok + "]",
                            "[" + ok + "," + ok + "," + ok + "]", "[" + ok + R"(,{"index":2,"score":1}])",
                            "[" + ok + R"(,{"index":-1,"score":1}])", "[" + ok + R"(,{"score":1}])",
                            "[" + ok + R"(,{"index":1}])", "[" + ok + R"(,{"index":1,"score":"high"}])",
                            "[" + ok + ",1]", std::string(R"({"results":7})")}) {
    BOOST_TEST_INFO(wrong);
    const auto reply = read_rerank(json_result(wrong), 2);
    BOOST_TEST((reply.verdict == Verdict::transient));
    BOOST_TEST(reply.reason == "schema");
  }
  BOOST_TEST(read_rerank(json_result("{\"results\""), 1).reason == "bad_json");
  BOOST_TEST(read_rerank(json_result("{}", 500), 1).reason == "http");
  BOOST_TEST(read_rerank(json_result("{}", 413), 1).reason == "too_long");
}

BOOST_AUTO_TEST_CASE(a_request_holds_one_query_and_each_pair_has_a_record) {
  FakeHttp server([](const FakeRequest& request, int) { return lengths(request); });
  auto endpoint = endpoint_at(server.url(""));
  endpoint.batch_texts = 4;
  endpoint.dimensions = 12;  // of its vectors; a score has one number all the same
  auto pairs = pairs_of("first", 6);
  for (const auto& pair : pairs_of("second", 3)) pairs.push_back(pair);
  pairs.push_back(pairs[0]);
  for (const auto* incarnation : {"a", "b"}) {
    RerankRun run(incarnation);
    const auto asked = run.ask(endpoint, pairs);
    for (std::size_t i = 0; i < 6; ++i)
      BOOST_TEST((asked[i].vector == std::vector<float>{8 + static_cast<float>(i)}));
    BOOST_TEST((asked[8].vector == std::vector<float>{10}));
    BOOST_TEST((asked[9].vector == asked[0].vector));
    (void)run.scores.ask_first(endpoint, pairs[0], no_pulse());
  }
  BOOST_TEST(server.log().size() == 3U);  // four and two of the first query, three of the second
  for (const auto& request : server.log())
    BOOST_TEST(request.path.find("/v1/rerank") != std::string::npos, request.path);
  // The same passages for another query, or another revision, are other pairs.
  RerankRun third("c");
  (void)third.ask(endpoint, pairs_of("third", 4));
  BOOST_TEST(third.counts().sent == 1);
  endpoint.revision = "2";
  (void)third.ask(endpoint, pairs_of("third", 4));
  BOOST_TEST(third.counts().sent == 2);
  BOOST_TEST(third.sender.usage().contains({"rerank", "large"}));
}

BOOST_AUTO_TEST_CASE(a_refused_passage_is_found_in_its_request_and_recorded_alone) {
  FakeHttp server([](const FakeRequest& request, int) {
    const bool refused = request.body.find(" xxxx\"") != std::string::npos;
    return refused ? refusal(400, "a document is too long") : lengths(request);
  });
  const auto endpoint = endpoint_at(server.url(""));
  std::size_t requests = 0;
  for (const auto* incarnation : {"a", "b"}) {
    RerankRun run(incarnation);
    const auto asked = run.ask(endpoint, pairs_of("q", 7));
    for (std::size_t i = 0; i < 7; ++i) BOOST_TEST(asked[i].reason == (i == 4 ? "too_long" : ""));
    if (requests == 0) requests = server.log().size();
  }
  BOOST_TEST(server.log().size() == requests);
}

BOOST_AUTO_TEST_CASE(a_score_of_nan_is_asked_for_once_more_alone_and_recorded) {
  FakeHttp server([](const FakeRequest& request, int) {
    auto reply = lengths(request);
    auto body = json::parse(reply.body);
    for (auto& entry : body["results"]) {
      if (entry["relevance_score"] == 9) entry["relevance_score"] = nullptr;
    }
    reply.body = body.dump();
    return reply;
  });
  for (const auto* incarnation : {"a", "b"}) {
    RerankRun run(incarnation);
    const auto asked = run.ask(endpoint_at(server.url("")), pairs_of("q", 3));
    BOOST_TEST(asked[1].reason == "no_score");
    BOOST_TEST(asked[1].final);
    BOOST_TEST(asked[2].vector.size() == 1U);
  }
  BOOST_TEST(server.log().size() == 2U);
}

BOOST_AUTO_TEST_CASE(a_reply_that_leaves_a_passage_out_is_not_kept) {
  FakeHttp server([](const FakeRequest& request, int before) {
    auto reply = lengths(request);
    auto body = json::parse(reply.body);
    if (before < 4) body["results"].erase(0);
    reply.body = body.dump();
    return reply;
  });
  RerankRun run("a");
  const auto endpoint = endpoint_at(server.url(""));  // three attempts
  for (const auto& asked : run.ask(endpoint, pairs_of("q", 3))) {
    BOOST_TEST(asked.reason == "schema");
    BOOST_TEST(!asked.final);
  }
  for (const auto& asked : run.ask(endpoint, pairs_of("q", 3))) BOOST_TEST(asked.vector.size() == 1U);
}
