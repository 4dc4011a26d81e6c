#include "calls/structured.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace dream::calls {
namespace {

using nlohmann::json;

// A reply of nothing but braces must not take time by their square.
constexpr int most_beginnings = 100;
constexpr std::size_t repaired_bytes = 8'000;

/// The byte after the bracket that closes the one at `begin`; npos when none does. Brackets in strings do not
/// count.
std::size_t end_of_value(std::string_view text, std::size_t begin) {
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
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if ((c == '}' || c == ']') && --depth == 0) {
      return at + 1;
    }
  }
  return std::string_view::npos;
}

/// The first balanced value that begins with one of `brackets` and that `fits`.
template <class Fits>
std::optional<std::string_view> first_value(std::string_view text, const char* brackets, const Fits& fits) {
  int tried = 0;
  for (auto begin = text.find_first_of(brackets); begin != std::string_view::npos && tried < most_beginnings;
       begin = text.find_first_of(brackets, begin + 1), ++tried) {
    const auto end = end_of_value(text, begin);
    if (end == std::string_view::npos)
      continue;  // an apostrophe or a lone bracket in the talk before the value
    const auto value = text.substr(begin, end - begin);
    if (fits(value)) return value;
  }
  return std::nullopt;
}

/// Whether a value is an object, or a list such as `list` says: "[1]" may be a mark in the talk before it.
bool is_object_or(const BareList& list, std::string_view value) {
  if (value.front() == '{') return json::accept(value);
  const auto items = json::parse(value, nullptr, false);
  return items.is_array() && std::ranges::all_of(items, [&list](const json& item) {
           return list.of_texts ? item.is_string() : item.is_object();
         });
}

}  // namespace

std::optional<std::string_view> first_object(std::string_view text) {
  return first_value(text, "{", [](std::string_view value) { return json::accept(value); });
}

std::optional<BareList> bare_list(std::string_view schema) {
  const auto object = json::parse(schema, nullptr, false);
  if (!object.is_object()) return std::nullopt;
  const auto properties = object.value("properties", json::object());
  if (!properties.is_object() || properties.size() != 1) return std::nullopt;
  const auto& list = properties.front();
  if (!list.is_object() || list.value("type", json()) != "array") return std::nullopt;
  const auto items = list.value("items", json::object());
  const auto type = items.is_object() ? items.value("type", json()) : json();
  if (type != "object" && type != "string") return std::nullopt;
  return BareList{properties.begin().key(), type == "string"};
}

Structured read_structured(const Reply& reply, std::string_view schema) {
  Structured out;
  out.reason = reply.reason;
  if (!out.reason.empty()) return out;
  const auto list = bare_list(schema);
  const char* brackets = list ? "{[" : "{";
  const auto value = list ? first_value(reply.text, brackets,
                                        [&list](std::string_view one) { return is_object_or(*list, one); })
                          : first_object(reply.text);
  // What was cut off may hold whole values within the one that was meant.
  const bool first = value && value->data() == reply.text.data() + reply.text.find_first_of(brackets);
  if (reply.finish_reason == "length" && !first)
    out.reason = "truncated";
  else if (!value)
    out.reason = "unparsable";
  else if (value->front() == '[')
    out.object = "{" + json(list->field).dump() + ":" + std::string(*value) + "}";
  else
    out.object = *value;
  return out;
}

std::vector<Message> repair_prompt(std::vector<Message> sent, std::string_view reply,
                                   std::string_view instruction) {
  sent.push_back({"assistant", std::string(reply.substr(0, repaired_bytes))});
  sent.push_back({"user", std::string(instruction)});
  return sent;
}

}  // namespace dream::calls
