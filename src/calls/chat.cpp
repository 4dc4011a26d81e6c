#include "calls/chat.hpp"

#include <nlohmann/json.hpp>

#include "base/errors.hpp"
#include "calls/json_text.hpp"

namespace dream::calls {
namespace {

using nlohmann::json;

ChatReply failure(Verdict verdict, std::string reason) {
  ChatReply reply;
  reply.verdict = verdict;
  reply.reason = std::move(reason);
  return reply;
}

ChatReply read_fault(net::HttpFault fault) {
  switch (fault) {
    case net::HttpFault::timeout:
      return failure(Verdict::transient, "timeout");
    case net::HttpFault::refused:
      return failure(Verdict::transient, "refused");
    case net::HttpFault::too_large:
      return failure(Verdict::transient, "too_large");
    case net::HttpFault::tls:
      return failure(Verdict::endpoint, "network");
    default:
      return failure(Verdict::transient, "network");
  }
}

const json* find(const json& object, const char* name) {
  if (!object.is_object()) return nullptr;
  const auto at = object.find(name);
  return at == object.end() || at->is_null() ? nullptr : &*at;
}

std::string string_at(const json& object, const char* name) {
  const auto* value = find(object, name);
  return value != nullptr && value->is_string() ? value->get<std::string>() : std::string();
}

std::int64_t count_at(const json& object, const char* name) {
  const auto* value = find(object, name);
  if (value == nullptr || !value->is_number_unsigned()) return 0;
  return static_cast<std::int64_t>(value->get<std::uint64_t>() & INT64_MAX);
}

/// The account is empty: an answer of 429 that no waiting mends.
bool out_of_money(std::string_view body) {
  const auto reply = json::parse(body, nullptr, false);
  const auto* error = find(reply, "error");
  return error != nullptr && (string_at(*error, "code") == "insufficient_quota" ||
                              string_at(*error, "type") == "insufficient_quota");
}

ChatReply read_status(const net::HttpResult& result) {
  switch (result.status) {
    case 429:
      return out_of_money(result.body) ? failure(Verdict::endpoint, "rate")
                                       : failure(Verdict::transient, "rate");
    case 408:
      return failure(Verdict::transient, "timeout");
    case 425:
      return failure(Verdict::transient, "http");
    // Wrong key, no money, wrong address, wrong method: the same for every request.
    case 401:
    case 402:
    case 404:
    case 405:
    case 407:
    case 410:
      return failure(Verdict::endpoint, "http");
    default:
      break;
  }
  if (result.status >= 500) return failure(Verdict::transient, "http");
  if (result.status >= 400) return failure(Verdict::row, "http");
  return failure(Verdict::endpoint, "http");  // a redirection, which we do not follow
}

/// A message's content: a string, or (some servers) a list of parts.
std::string content_of(const json& message) {
  const auto* content = find(message, "content");
  if (content == nullptr) return {};
  if (content->is_string()) return content->get<std::string>();
  std::string text;
  if (content->is_array()) {
    for (const auto& part : *content) text += string_at(part, "text");
  }
  return text;
}

bool blank(std::string_view text) { return text.find_first_not_of(" \t\r\n") == std::string_view::npos; }

/// A choice's reply, of whichever kind.
ChatReply read_choice(const json& choice, const json& usage, std::int64_t max_tokens) {
  const auto* message = find(choice, "message");
  if (message == nullptr || !message->is_object()) return failure(Verdict::transient, "schema");
  ChatReply reply;
  reply.verdict = Verdict::answer;
  reply.text = content_of(*message);
  reply.finish_reason = string_at(choice, "finish_reason");
  reply.input_tokens = count_at(usage, "prompt_tokens");
  reply.output_tokens = count_at(usage, "completion_tokens");
  if (reply.finish_reason == "content_filter" || !string_at(*message, "refusal").empty()) {
    reply.reason = "refusal";
  } else if (reply.finish_reason == "length" && reply.output_tokens > 0 && reply.output_tokens < max_tokens) {
    reply.verdict = Verdict::transient;
    reply.reason = "cut";
  } else if (blank(reply.text)) {
    reply.reason = "empty";
  }
  return reply;
}

}  // namespace

std::string chat_body(const ChatRequest& request, std::span<const Message> messages) {
  std::size_t bytes = 200 + request.reply_schema.size();
  for (const auto& message : messages) bytes += message.content.size() + message.content.size() / 16 + 40;
  std::string body;
  body.reserve(bytes);
  body += R"({"max_tokens":)" + std::to_string(request.max_tokens) + R"(,"messages":[)";
  for (const auto& message : messages) {
    if (&message != messages.data()) body += ',';
    body += R"({"content":)";
    append_json_string(body, message.content);
    body += R"(,"role":)";
    append_json_string(body, message.role);
    body += '}';
  }
  body += R"(],"model":)";
  append_json_string(body, request.model);
  if (!request.reply_schema.empty()) {
    const json format{{"type", "json_schema"},
                      {"json_schema",
                       {{"name", "reply"}, {"strict", true}, {"schema", json::parse(request.reply_schema)}}}};
    body += R"(,"response_format":)" + format.dump();
  }
  if (request.seed) body += R"(,"seed":)" + std::to_string(*request.seed);
  body += R"(,"temperature":)" + json(request.temperature).dump() + '}';
  return body;
}

std::optional<ChatReply> read_failure(const net::HttpResult& result) {
  if (result.fault != net::HttpFault::none) return read_fault(result.fault);
  if (result.status / 100 != 2) return read_status(result);
  if (!result.content_type.empty() && result.content_type != "application/json") {
    return failure(Verdict::transient, "content_type");
  }
  return std::nullopt;
}

ChatReply read_chat(const net::HttpResult& result, std::int64_t max_tokens) {
  if (auto failed = read_failure(result)) return *std::move(failed);
  const auto body = json::parse(result.body, nullptr, false);
  if (body.is_discarded()) return failure(Verdict::transient, "bad_json");
  const auto* choices = find(body, "choices");
  if (choices == nullptr || !choices->is_array() || choices->empty())
    return failure(Verdict::transient, "schema");
  const auto* usage = find(body, "usage");
  return read_choice(choices->front(), usage != nullptr ? *usage : json::object(), max_tokens);
}

std::string server_message(std::string_view body) {
  constexpr std::size_t most = 300;
  std::string text;
  const auto reply = json::parse(body, nullptr, false);
  const auto* error = find(reply, "error");
  if (error != nullptr) text = error->is_string() ? error->get<std::string>() : string_at(*error, "message");
  for (const auto* name : {"message", "detail"}) {
    if (text.empty()) text = string_at(reply, name);
  }
  if (text.empty()) text = body.substr(0, most);
  if (text.size() > most) text = text.substr(0, most) + "...";
  for (auto& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  return text;
}

}  // namespace dream::calls
