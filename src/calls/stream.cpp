#include "calls/stream.hpp"

#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>

#include "base/errors.hpp"

namespace dream::calls {
namespace {

using nlohmann::json;

/// Takes the first line off `text`, without its end.
std::string_view take_line(std::string_view& text) {
  const auto end = std::min(text.find('\n'), text.size());
  auto line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

/// The data of the first event of `text`, which is taken off; empty at the end.
std::optional<std::string> take_event(std::string_view& text) {
  constexpr std::string_view field = "data:";
  std::string data;
  bool any = false;
  while (!text.empty()) {
    auto line = take_line(text);
    if (line.empty() && any) return data;
    if (!line.starts_with(field)) continue;  // a comment, or a field that says nothing to us
    line.remove_prefix(field.size());
    if (line.starts_with(' ')) line.remove_prefix(1);
    if (any) data += '\n';
    data += line;
    any = true;
  }
  return any ? std::optional(data) : std::nullopt;
}

std::string text_at(const json& object, const char* name) {
  const auto at = object.find(name);
  return at != object.end() && at->is_string() ? at->get<std::string>() : std::string();
}

/// What the events of one stream say together.
struct Whole {
  std::string content;
  std::string refusal;
  std::string finish_reason;
  json usage;
  json error;
  bool done = false;

  void add(const json& event) {
    if (!event.is_object()) return;
    if (const auto at = event.find("error"); at != event.end() && !at->is_null()) error = *at;
    if (const auto at = event.find("usage"); at != event.end() && at->is_object()) usage = *at;
    const auto choices = event.find("choices");
    if (choices == event.end() || !choices->is_array() || choices->empty()) return;
    const auto& choice = choices->front();
    if (!choice.is_object()) return;
    if (auto reason = text_at(choice, "finish_reason"); !reason.empty()) finish_reason = std::move(reason);
    const auto delta = choice.find("delta");
    if (delta == choice.end() || !delta->is_object()) return;
    content += text_at(*delta, "content");
    refusal += text_at(*delta, "refusal");
  }

  [[nodiscard]] json reply() const {
    json message{{"role", "assistant"}, {"content", content}};
    if (!refusal.empty()) message["refusal"] = refusal;
    json body{
        {"choices", json::array({{{"finish_reason", finish_reason}, {"message", std::move(message)}}})}};
    if (usage.is_object()) body["usage"] = usage;
    return body;
  }
};

}  // namespace

std::string streamed_body(std::string body) {
  DREAM_CHECK(body.size() > 2 && body.back() == '}', "no JSON object");
  body.pop_back();
  return std::move(body) + R"(,"stream":true,"stream_options":{"include_usage":true}})";
}

net::HttpResult gathered(net::HttpResult result) {
  if (result.fault != net::HttpFault::none || result.status / 100 != 2 ||
      result.content_type != "text/event-stream")
    return result;
  Whole whole;
  std::string_view rest = result.body;
  while (const auto data = take_event(rest)) {
    if (*data == "[DONE]")
      whole.done = true;
    else
      whole.add(json::parse(*data, nullptr, false));
  }
  result.content_type = "application/json";
  if (!whole.error.is_null()) {
    result.status = 500;
    result.body = json{{"error", whole.error}}.dump(-1, ' ', false, json::error_handler_t::replace);
  } else if (whole.done || !whole.finish_reason.empty()) {
    result.body = whole.reply().dump(-1, ' ', false, json::error_handler_t::replace);
  } else {
    result.fault = net::HttpFault::truncated;
    result.fault_text = "the stream of the reply ended before its end";
  }
  return result;
}

}  // namespace dream::calls
