#include "calls/embeddings.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/base64.hpp"

namespace dream::calls {
namespace {

using nlohmann::json;

/// A vector as it stands in a reply; nothing when it is none. Not finite, or null: empty.
std::optional<std::vector<float>> vector_of(const json& value) {
  std::vector<float> vector;
  if (value.is_null()) return vector;
  if (value.is_string()) {
    const auto bytes = from_base64(value.get_ref<const std::string&>());
    if (!bytes || bytes->size() % sizeof(float) != 0) return std::nullopt;
    vector.resize(bytes->size() / sizeof(float));
    std::memcpy(vector.data(), bytes->data(), bytes->size());
  } else if (value.is_array()) {
    for (const auto& number : value) {
      if (number.is_null()) return std::vector<float>();  // how NaN looks in JSON
      if (!number.is_number()) return std::nullopt;
      vector.push_back(number.get<float>());
    }
  } else {
    return std::nullopt;
  }
  double squares = 0;
  for (const float x : vector) squares += static_cast<double>(x) * static_cast<double>(x);
  if (!std::isfinite(squares) || squares == 0) vector.clear();
  return vector;
}

EmbeddingsReply failure(Verdict verdict, std::string reason) { return {verdict, std::move(reason), {}, 0}; }

}  // namespace

std::string embeddings_body(const EmbeddingsRequest& request, std::span<const std::string> texts) {
  json body{
      {"model", request.model}, {"input", texts}, {"encoding_format", request.base64 ? "base64" : "float"}};
  if (request.dimensions > 0) body["dimensions"] = request.dimensions;
  return body.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string embedding_identity(const EmbeddingsRequest& request, const std::string& text) {
  const json body{{"dimensions", request.dimensions}, {"input", text}, {"model", request.model}};
  return body.dump(-1, ' ', false, json::error_handler_t::replace);
}

EmbeddingsReply read_embeddings(const net::HttpResult& result, std::size_t texts) {
  if (says_too_long(result)) return failure(Verdict::row, "too_long");
  if (const auto failed = read_failure(result)) return failure(failed->verdict, failed->reason);
  const auto body = json::parse(result.body, nullptr, false);
  if (body.is_discarded()) return failure(Verdict::transient, "bad_json");
  const auto schema = failure(Verdict::transient, "schema");
  if (!body.is_object()) return schema;
  const auto data = body.find("data");
  if (data == body.end() || !data->is_array() || data->size() != texts) return schema;
  EmbeddingsReply reply;
  reply.verdict = Verdict::answer;
  reply.vectors.resize(texts);
  std::vector<bool> seen(texts, false);
  for (std::size_t i = 0; i < texts; ++i) {
    const auto& item = (*data)[i];
    if (!item.is_object() || !item.contains("embedding")) return schema;
    const auto at =
        item.contains("index") && item["index"].is_number_unsigned() ? item["index"].get<std::size_t>() : i;
    auto vector = vector_of(item["embedding"]);
    if (!vector || at >= texts || seen[at]) return schema;
    seen[at] = true;
    reply.vectors[at] = *std::move(vector);
  }
  const auto usage = body.find("usage");
  if (usage != body.end() && usage->is_object() && usage->contains("prompt_tokens") &&
      (*usage)["prompt_tokens"].is_number_unsigned()) {
    reply.input_tokens = (*usage)["prompt_tokens"].get<std::int64_t>();
  }
  return reply;
}

bool says_too_long(const net::HttpResult& result) {
  if (result.fault != net::HttpFault::none || result.status < 400 || result.status == 429) return false;
  if (result.status == 413) return true;
  const auto words = server_message(result.body);
  return std::ranges::any_of(
      std::array{"too long", "too large", "maximum context", "context length", "exceed"},
      [&](const char* sign) { return words.find(sign) != std::string::npos; });
}

std::string embedding_record(std::span<const float> vector) {
  json value;
  if (!vector.empty()) value = to_base64({reinterpret_cast<const char*>(vector.data()), vector.size_bytes()});
  return json{{"data", json::array({{{"embedding", std::move(value)}}})}}.dump();
}

}  // namespace dream::calls
