#pragma once
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/params.hpp"
#include "config/tree.hpp"

/// Reads typed values out of a tree. Every function reports what it cannot read and goes on, so that one pass
/// finds all mistakes.
namespace dream::config {

/// What a value may be, apart from its type.
struct Rule {
  std::optional<double> min{};
  std::optional<double> max{};
  bool required = false;
  bool power_of_two = false;
  std::vector<std::string> one_of{};
};

/// A value that is looked for: at `path`, in messages and in the tree.
struct Wanted {
  Value
      default_value;  ///< fixes the type; allowed even when the rule's range leaves it out (0 for "no limit")
  Rule rule{};
};

[[nodiscard]] Wanted wanted(const ParamInfo& param);

/// "a whole number", "a list of whole numbers": the type that a value of this kind has.
[[nodiscard]] std::string type_text(const Value& value);
/// What a message puts behind "write key = " for a value of this type.
[[nodiscard]] std::string example_text(const Value& value);
/// "1 to 64", "at least 0, a power of two", "auto | cpu | cuda"; empty when everything goes.
[[nodiscard]] std::string range_text(const Rule& rule);

/// The value of a node, or a problem and nothing.
[[nodiscard]] std::optional<Value> read_value(const Node& node, const std::string& path, const Wanted& wanted,
                                              Problems& problems);

/// One value, or a list of at least one value without duplicates, each with its node.
struct Read {
  Value value;
  const Node* node;
  std::string path;
};
[[nodiscard]] std::vector<Read> read_one_or_list(const Node& node, const std::string& path,
                                                 const Wanted& wanted, Problems& problems);

/// Where a dotted name leads below a table.
struct Found {
  const Node* node = nullptr;  ///< null: not there
  Place table;                 ///< the innermost table on the way
  bool blocked = false;        ///< something on the way is no table; check_keys() reports it
};
[[nodiscard]] Found locate(const Node& table, std::string_view dotted_name);

/// Reports that a required key is missing in a table.
void report_missing(const Found& found, const std::string& path, std::string_view example,
                    Problems& problems);

/// Reports every key below the table that is not among the dotted names, with near ones, and every value that
/// stands where a sub-table must be. What stands under a known name is not looked into.
void check_keys(const Node& table, const std::string& path, std::span<const std::string> known,
                Problems& problems);

/// The values of parameters below a table, complete with defaults; not there or wrong: the default.
[[nodiscard]] Params read_params(const Node& table, const std::string& path,
                                 std::span<const ParamInfo> params, Problems& problems);

/// suggest() for a name of any length.
[[nodiscard]] std::string near(std::string_view name, std::span<const std::string> known);

}  // namespace dream::config
