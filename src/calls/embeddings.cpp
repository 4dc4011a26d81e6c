#include "calls/embeddings.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>

namespace dream::calls {
namespace {

using nlohmann::json;

constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string to_base64(std::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t j = 0; j < 3; ++j) {
      group = group << 8 | (i + j < bytes.size() ? static_cast<unsigned char>(bytes[i + j]) : 0U);
    }
    for (std::size_t j = 0; j < 4; ++j)
      text += i + j <= bytes.size() ? letters[group >> (18 - 6 * j) & 63U] : '=';
  }
  return text;
}

std::optional<std::string> from_base64(std::string_view text) {
  static const auto values = [] {
    std::array<std::int8_t, 256> table{};
    table.fill(-1);
    for (std::size_t i = 0; i < letters.size(); ++i) {
      table[static_cast<unsigned char>(letters[i])] = static_cast<std::int8_t>(i);
    }
    return table;
  }();
  while (!text.empty() && text.back() == '=') text.remove_suffix(1);
  std::string bytes;
  bytes.reserve(text.size() * 3 / 4);
  std::uint32_t group = 0;
  int bits = 0;
  for (const char c : text) {
    const auto value = values[static_cast<unsigned char>(c)];
    if (value < 0) return std::nullopt;
    group = group << 6 | static_cast<std::uint32_t>(value);
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes += static_cast<char>(group >> bits & 0xFFU);
  }
  return bytes;
}

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
