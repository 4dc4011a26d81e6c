#include "calls/rerank.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/bytes.hpp"
#include "calls/batch_kind.hpp"
#include "calls/call_store.hpp"

namespace dream::calls {
namespace {

using nlohmann::json;

struct Pair {
  std::string query, passage;
};

Pair pair_of(const std::string& text) {
  Unpacker reader{std::string_view(text)};
  Pair pair;
  pair.query = reader.get<std::string>();
  pair.passage = reader.get<std::string>();
  return pair;
}

std::string to_text(const json& body) { return body.dump(-1, ' ', false, json::error_handler_t::replace); }

/// What the score of one pair depends on, and nothing else; so not the other passages of its request.
Digest score_key(const Endpoint& endpoint, const std::string& text) {
  const auto pair = pair_of(text);
  const json identity{{"document", pair.passage}, {"model", endpoint.model}, {"query", pair.query}};
  return call_key(endpoint.model, endpoint.revision, to_text(identity), 0);
}

bool same_query(const std::string& a, const std::string& b) { return pair_of(a).query == pair_of(b).query; }

/// The list of scores in a reply: Jina's, Cohere's and vLLM's stands under "results", TEI's is the reply.
const json* list_of(const json& body) {
  if (body.is_array()) return &body;
  if (!body.is_object()) return nullptr;
  const auto results = body.find("results");
  return results != body.end() && results->is_array() ? &*results : nullptr;
}

/// A score as a vector of one number, empty when it is no finite one; nothing when the entry has none.
std::optional<std::vector<float>> score_of(const json& entry) {
  auto value = entry.find("relevance_score");
  if (value == entry.end()) value = entry.find("score");
  if (value == entry.end()) return std::nullopt;
  if (value->is_null()) return std::vector<float>();  // how NaN looks in JSON
  if (!value->is_number()) return std::nullopt;
  const auto score = value->get<float>();
  return std::isfinite(score) ? std::vector<float>{score} : std::vector<float>();
}

std::int64_t tokens_of(const json& body) {
  if (!body.is_object() || !body.contains("usage") || !body["usage"].is_object()) return 0;
  for (const char* name : {"prompt_tokens", "total_tokens"}) {
    const auto count = body["usage"].find(name);
    if (count != body["usage"].end() && count->is_number_unsigned()) return count->get<std::int64_t>();
  }
  return 0;
}

EmbeddingsReply failure(Verdict verdict, std::string reason) { return {verdict, std::move(reason), {}, 0}; }

}  // namespace

std::string pair_text(std::string_view query, std::string_view passage) {
  const auto bytes = Packer().put(query).put(passage).take();
  return {bytes.begin(), bytes.end()};
}

Digest pair_name(std::string_view query, std::string_view passage) {
  const auto of_query = digest_of(query);
  auto name = Hasher("pair").add(query).add(passage).finish();
  std::copy_n(of_query.bytes.begin(), sizeof(of_query.prefix()), name.bytes.begin());
  return name;
}

std::string rerank_body(const Endpoint& endpoint, std::span<const std::string> pairs) {
  json documents = json::array();
  for (const auto& text : pairs) documents.push_back(pair_of(text).passage);
  const auto count = documents.size();
  const auto query = pair_of(pairs.front()).query;
  if (endpoint.rerank_as == "tei") {
    return to_text({{"query", query}, {"return_text", false}, {"texts", documents}, {"truncate", true}});
  }
  return to_text({{"documents", documents},
                  {"model", endpoint.model},
                  {"query", query},
                  {"return_documents", false},
                  {"top_n", count}});
}

EmbeddingsReply read_rerank(const net::HttpResult& result, std::size_t pairs) {
  if (says_too_long(result)) return failure(Verdict::row, "too_long");
  if (const auto failed = read_failure(result)) return failure(failed->verdict, failed->reason);
  const auto body = json::parse(result.body, nullptr, false);
  if (body.is_discarded()) return failure(Verdict::transient, "bad_json");
  const auto schema = failure(Verdict::transient, "schema");
  const auto* list = list_of(body);
  if (list == nullptr || list->size() != pairs) return schema;
  EmbeddingsReply reply;
  reply.verdict = Verdict::answer;
  reply.vectors.resize(pairs);
  std::vector<bool> seen(pairs, false);
  for (const auto& entry : *list) {
    if (!entry.is_object() || !entry.contains("index") || !entry["index"].is_number_unsigned()) return schema;
    const auto at = entry["index"].get<std::size_t>();
    auto score = score_of(entry);
    if (!score || at >= pairs || seen[at]) return schema;
    seen[at] = true;
    reply.vectors[at] = *std::move(score);
  }
  reply.input_tokens = tokens_of(body);
  return reply;
}

std::string rerank_record(std::span<const float> score) {
  json entry{{"index", 0}, {"relevance_score", nullptr}};
  if (!score.empty()) entry["relevance_score"] = score.front();
  return json{{"results", json::array({std::move(entry)})}}.dump();
}

const BatchKind& rerank_kind() {
  static const BatchKind kind{.path = "/rerank",
                              .purpose = "rerank",
                              .missing = "no_score",
                              .numbers = 1,
                              .key = score_key,
                              .together = same_query,
                              .body = rerank_body,
                              .read = read_rerank,
                              .record = rerank_record};
  return kind;
}

}  // namespace dream::calls
