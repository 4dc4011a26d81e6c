#include "calls/capabilities.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <array>
#include <ctime>
#include <nlohmann/json.hpp>

#include "base/digest.hpp"
#include "base/file.hpp"
#include "calls/asker.hpp"

namespace dream::calls {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr auto schema =
    R"({"type":"object","properties":{"ok":{"type":"boolean"}},"required":["ok"],"additionalProperties":false})";

Outgoing probe_of(const Endpoint& endpoint) {
  const std::array messages{Message{"user", R"(Reply with the JSON object {"ok": true}.)"}};
  Outgoing probe;
  probe.endpoint = &endpoint;
  probe.path = "/chat/completions";
  probe.body = make_ask(endpoint, messages, 0, std::nullopt, schema).body;
  probe.most_output_tokens = endpoint.max_tokens;
  probe.purpose = "probe";
  probe.read = [most = endpoint.max_tokens](const net::HttpResult& result) -> Outcome {
    auto chat = read_chat(result, most);
    return {chat.verdict, std::move(chat.reason), chat.input_tokens, chat.output_tokens};
  };
  return probe;
}

}  // namespace

fs::path capability_file(const fs::path& state, const Endpoint& endpoint) {
  const auto id =
      Hasher("capabilities").add(endpoint.base_url).add(endpoint.model).add(endpoint.revision).finish();
  return state / "capabilities" / (id.hex() + ".json");
}

std::optional<bool> known_json_schema(const fs::path& state, const Endpoint& endpoint) {
  const auto file = capability_file(state, endpoint);
  std::error_code ignored;
  if (!fs::exists(file, ignored)) return std::nullopt;
  const auto kept = json::parse(read_file(file), nullptr, false);
  const auto value = kept.is_object() ? kept.value("json_schema", json()) : json();
  return value.is_boolean() ? std::optional(value.get<bool>()) : std::nullopt;
}

void keep_json_schema(const fs::path& state, const Endpoint& endpoint, bool takes_it) {
  const auto file = capability_file(state, endpoint);
  std::error_code error;
  fs::create_directories(file.parent_path(), error);
  if (error) throw StateError(file.parent_path().string(), "", "cannot be made: " + error.message());
  const json kept{{"base_url", endpoint.base_url},
                  {"model", endpoint.model},
                  {"revision", endpoint.revision},
                  {"json_schema", takes_it},
                  {"found", fmt::format("{:%FT%TZ}", fmt::gmtime(std::time(nullptr)))}};
  write_file(file, kept.dump(2) + "\n");
}

std::optional<bool> ask_for_json_schema(Sender& sender, const Endpoint& endpoint, const net::Redactor& redact,
                                        const Pulse& pulse) {
  const auto probe = probe_of(endpoint);
  sender.submit(0, probe);
  try {
    for (;;) {
      pulse();
      const auto ended = sender.advance(std::chrono::milliseconds(20));
      if (auto fatal = sender.take_fatal()) throw *std::move(fatal);
      if (ended.empty()) continue;
      const auto& [id, result, outcome] = ended.front();
      if (outcome.reason == "budget") return std::nullopt;
      if (outcome.verdict == Verdict::answer) return true;
      if (result.status == 400 || result.status == 422) return false;
      throw endpoint_error(endpoint, probe.path, result, endpoint.attempts, redact);
    }
  } catch (...) {
    sender.abandon();
    throw;
  }
}

}  // namespace dream::calls
