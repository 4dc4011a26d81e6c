#include "calls/structured.hpp"

#include <nlohmann/json.hpp>

namespace dream::calls {
namespace {

// A reply of nothing but braces must not take time by their square.
constexpr int most_beginnings = 100;
constexpr std::size_t repaired_bytes = 8'000;

/// The byte after the brace that closes the one at `begin`; npos when none does. Braces in strings do not
/// count.
std::size_t end_of_object(std::string_view text, std::size_t begin) {
  int depth = 0;
  bool quoted = false;
  for (auto at = begin; at < text.size(); ++at) {
    const char c = text[at];
    if (quoted) {
      if (c == '\\')
        ++at;
      else if (c == '"')
        quoted = false;
    } else if (c == '"') {
      quoted = true;
    } else if (c == '{') {
      ++depth;
    } else if (c == '}' && --depth == 0) {
      return at + 1;
    }
  }
  return std::string_view::npos;
}

}  // namespace

Ask make_structured_ask(const Endpoint& endpoint, std::span<const Message> messages,
                        const std::string& schema, std::int64_t sample, std::optional<std::int64_t> seed) {
  Ask ask;
  ask.endpoint = &endpoint;
  ask.body = chat_body({endpoint.model, endpoint.temperature, endpoint.max_tokens, seed, schema}, messages);
  ask.key = call_key(endpoint.model, endpoint.revision, ask.body, sample);
  return ask;
}

std::optional<std::string_view> first_object(std::string_view text) {
  int tried = 0;
  for (auto begin = text.find('{'); begin != std::string_view::npos && tried < most_beginnings;
       begin = text.find('{', begin + 1), ++tried) {
    const auto end = end_of_object(text, begin);
    if (end == std::string_view::npos)
      continue;  // an apostrophe or a lone brace in the talk before the object
    const auto object = text.substr(begin, end - begin);
    if (nlohmann::json::accept(object)) return object;
  }
  return std::nullopt;
}

Structured read_structured(const Reply& reply) {
  Structured out;
  out.reason = reply.reason;
  if (!out.reason.empty()) return out;
  const auto object = first_object(reply.text);
  // What was cut off may hold whole objects within the one that was meant.
  const bool first = object && object->data() == reply.text.data() + reply.text.find('{');
  if (reply.finish_reason == "length" && !first)
    out.reason = "truncated";
  else if (!object)
    out.reason = "unparsable";
  else
    out.object = *object;
  return out;
}

std::vector<Message> repair_prompt(std::vector<Message> sent, std::string_view reply,
                                   std::string_view instruction) {
  sent.push_back({"assistant", std::string(reply.substr(0, repaired_bytes))});
  sent.push_back({"user", std::string(instruction)});
  return sent;
}

}  // namespace dream::calls
