#include "config/tree.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>

#include "config/quote.hpp"

namespace dream::config {
namespace {

constexpr std::size_t max_bytes = 1 << 20;
constexpr int max_dots = 2000;

/// The dots of a TOML text that stand outside of strings and comments. toml++ makes a table for each dot of a
/// key and takes them down recursively, so that some ten thousand dots would exhaust the stack.
int count_dots(std::string_view text) {
  int dots = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    dots += c == '.';
    if (c == '#') {
      i = std::min(text.find('\n', i), text.size());
    } else if (c == '"' || c == '\'') {
      const std::string fence(text.substr(i, 3) == std::string(3, c) ? 3 : 1, c);
      for (i += fence.size(); i < text.size() && text.substr(i, fence.size()) != fence; ++i) {
        if (c == '"' && text[i] == '\\') ++i;
        if (fence.size() == 1 && i < text.size() && text[i] == '\n') break;
      }
      i += fence.size() - 1;
    }
  }
  return dots;
}

/// Copies toml++'s nodes. With a fixed place (a --set) the parser's own places mean nothing.
class Converter {
 public:
  Converter(std::string source, const Place* fixed) : source_(std::move(source)), fixed_(fixed) {}

  Node convert(const toml::node& from) const {
    Node node;
    node.place = place(from.source());
    if (const auto* table = from.as_table()) {
      node.type = Type::table;
      for (const auto& [key, value] : *table) {
        node.entries.push_back({std::string(key.str()), place(key.source()), convert(value)});
        // toml++ places a table of a header like [models.small] at the bracket; the name is what the user
        // looks for.
        auto& made = node.entries.back();
        if (made.value.type == Type::table && comes_before(made.value.place, made.place))
          made.value.place = made.place;
      }
    } else if (const auto* list = from.as_array()) {
      node.type = Type::list;
      for (const auto& item : *list) node.items.push_back(convert(item));
    } else {
      set_scalar(node, from);
    }
    return node;
  }

 private:
  static bool comes_before(const Place& a, const Place& b) {
    return a.line < b.line || (a.line == b.line && a.column < b.column);
  }

  Place place(const toml::source_region& region) const {
    if (fixed_ != nullptr) return *fixed_;
    return {source_, std::max(1, static_cast<int>(region.begin.line)),
            std::max(1, static_cast<int>(region.begin.column))};
  }

  static void set_scalar(Node& node, const toml::node& from) {
    if (const auto* boolean = from.as_boolean()) {
      node.type = Type::boolean;
      node.boolean = boolean->get();
    } else if (const auto* integer = from.as_integer()) {
      node.type = Type::integer;
      node.integer = integer->get();
    } else if (const auto* real = from.as_floating_point()) {
      node.type = Type::real;
      node.real = real->get();
    } else if (const auto* text = from.as_string()) {
      node.type = Type::text;
      node.text = text->get();
    } else {
      node.type = Type::date;
    }
  }

  std::string source_;
  const Place* fixed_;
};

/// What toml++ says, in our words. It can repeat a number that it could not read, so a line with an api_key
/// is not described at all.
std::string describe(std::string_view text, const toml::parse_error& error) {
  std::size_t begin = 0;
  for (auto line = error.source().begin.line; line > 1 && begin < text.size(); --line) {
    begin = std::min(text.find('\n', begin), text.size() - 1) + 1;
  }
  if (text.substr(begin, text.find('\n', begin) - begin).find("api_key") != std::string_view::npos) {
    return "not valid TOML; write api_key = { env = \"VARIABLE\" } or { file = \"path\" }";
  }
  std::string what = escape(error.description());
  if (const std::string start = "Error while "; what.rfind(start, 0) == 0) what = what.substr(start.size());
  const bool untyped = what.find("could not determine value type") != std::string::npos;
  return fmt::format("not valid TOML: {}{}", what, untyped ? "; a text stands in quotes" : "");
}

}  // namespace

const Node* Node::find(std::string_view key) const {
  const auto found =
      std::find_if(entries.begin(), entries.end(), [&](const Entry& e) { return e.key == key; });
  return found == entries.end() ? nullptr : &found->value;
}

Node* Node::find(std::string_view key) { return const_cast<Node*>(std::as_const(*this).find(key)); }

std::string_view name_of(Type type) {
  switch (type) {
    case Type::boolean:
      return "true or false";
    case Type::integer:
      return "a whole number";
    case Type::real:
      return "a number with a point";
    case Type::text:
      return "a text";
    case Type::list:
      return "a list";
    case Type::table:
      return "a table";
    case Type::date:
      return "a date or time";
  }
  return "something else";
}

std::optional<Node> parse(std::string_view text, const std::string& source, Problems& problems) {
  const Place start{source, 1, 1};
  if (text.size() > max_bytes) {
    problems.add(start, "", Mistake::syntax,
                 fmt::format("{} bytes; a config has at most {}", text.size(), max_bytes));
    return std::nullopt;
  }
  if (count_dots(text) > max_dots) {
    problems.add(start, "", Mistake::syntax, fmt::format("more than {} dots outside of texts", max_dots));
    return std::nullopt;
  }
  try {
    return Converter(source, nullptr).convert(toml::parse(text, source));
  } catch (const toml::parse_error& error) {
    const auto& at = error.source().begin;
    problems.add({source, std::max(1, static_cast<int>(at.line)), std::max(1, static_cast<int>(at.column))},
                 "", Mistake::syntax, describe(text, error));
    return std::nullopt;
  }
}

std::optional<Node> parse_value(std::string_view text, const Place& place) {
  if (text.size() <= max_bytes && count_dots(text) <= max_dots) {
    try {
      const auto table = toml::parse("value = " + std::string(text));
      if (table.size() == 1) return Converter("", &place).convert(*table.get("value"));
    } catch (const toml::parse_error&) {  // not TOML: a bare word, perhaps
    }
  }
  const bool begins_as_toml =
      text.empty() || std::string_view("\"'[{").find(text.front()) != std::string_view::npos;
  const bool printable =
      std::none_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; });
  if (begins_as_toml || !printable) return std::nullopt;
  Node node;
  node.type = Type::text;
  node.place = place;
  node.text = std::string(text);
  return node;
}

std::optional<std::vector<std::string>> parse_path(std::string_view text) {
  if (text.size() > max_bytes || count_dots(text) > 64) return std::nullopt;
  try {
    const auto root = toml::parse(std::string(text) + " = 0");
    std::vector<std::string> path;
    for (const toml::table* table = &root; table != nullptr;) {
      if (table->size() != 1) return std::nullopt;  // a line break inside brought in a second key
      const auto only = table->begin();
      path.emplace_back(only->first.str());
      table = only->second.as_table();
      if (table == nullptr && !only->second.is_integer()) return std::nullopt;
    }
    return path;
  } catch (const toml::parse_error&) {
    return std::nullopt;
  }
}

}  // namespace dream::config
