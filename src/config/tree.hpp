#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/problems.hpp"

/// A TOML text as a plain tree with places. The parser's own types stay in tree.cpp: they are slow to
/// compile, and values of --set have a place that no parser knows.
namespace dream::config {

struct Entry;

enum class Type { boolean, integer, real, text, list, table, date };

struct Node {
  Type type = Type::table;
  Place place;
  bool broken = false;  ///< a problem of this value is already reported; readers pass over it in silence
  bool boolean = false;
  std::int64_t integer = 0;
  double real = 0;
  std::string text;
  std::vector<Node> items;     ///< of a list
  std::vector<Entry> entries;  ///< of a table, in the order of their names

  /// The value of a table's key, or null.
  [[nodiscard]] const Node* find(std::string_view key) const;
  [[nodiscard]] Node* find(std::string_view key);
};

struct Entry {
  std::string key;
  Place place;  ///< of the key
  Node value;
};

/// "a whole number", "a table": for messages.
[[nodiscard]] std::string_view name_of(Type type);

/// The tree of a TOML text, or a problem (Mistake::syntax) and nothing. `source` names it in places.
[[nodiscard]] std::optional<Node> parse(std::string_view text, const std::string& source, Problems& problems);

/// The value of a --set: TOML, or a bare word as a text. Nothing for a text that begins as TOML (quote,
/// bracket, brace) and is none.
[[nodiscard]] std::optional<Node> parse_value(std::string_view text, const Place& place);

/// The parts of a dotted TOML key: `models."qwen2.5".kind` has three. Nothing when it is none.
[[nodiscard]] std::optional<std::vector<std::string>> parse_path(std::string_view text);

}  // namespace dream::config
