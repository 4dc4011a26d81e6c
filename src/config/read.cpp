#include "config/read.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <set>

#include "base/near_names.hpp"
#include "config/quote.hpp"

namespace dream::config {
namespace {

/// The found value as a message shows it.
std::string shown(const Node& node, const Problems& problems) {
  switch (node.type) {
    case Type::integer:
      return std::to_string(node.integer);
    case Type::real:
      return fmt::format("{}", node.real);
    case Type::boolean:
      return node.boolean ? "true" : "false";
    case Type::text:
      return problems.quote(node.text);
    default:
      return std::string(name_of(node.type));
  }
}

void report_type(const Node& node, const std::string& path, const Value& want, Problems& problems) {
  const bool scalar = node.type == Type::integer || node.type == Type::real || node.type == Type::boolean ||
                      node.type == Type::text;
  problems.add(node.place, path, Mistake::wrong_type,
               fmt::format("found {}{}; wanted {}{}", name_of(node.type),
                           scalar ? " (" + shown(node, problems) + ")" : "", type_text(want),
                           std::holds_alternative<std::string>(want) && node.type != Type::table &&
                                   node.type != Type::list
                               ? ", in quotes"
                               : ""));
}

bool check_number(double number, const Node& node, const std::string& path, const Rule& rule,
                  Problems& problems) {
  const bool whole_power =
      !rule.power_of_two || (number >= 1 && std::has_single_bit(static_cast<std::uint64_t>(number)));
  const bool good = std::isfinite(number) && (!rule.min || number >= *rule.min) &&
                    (!rule.max || number <= *rule.max) && whole_power;
  if (!good) {
    const auto range = range_text(rule);
    problems.add(
        node.place, path, Mistake::out_of_range,
        fmt::format("found {}; wanted {}", shown(node, problems), range.empty() ? "a finite number" : range));
  }
  return good;
}

bool check_text(const Node& node, const std::string& path, const Wanted& wanted, Problems& problems) {
  const bool may_be_empty = !wanted.rule.required && wanted.default_value == Value(std::string());
  if (node.text.empty() && !may_be_empty) {
    problems.add(node.place, path, Mistake::empty,
                 "the text is empty; write something, or remove the key for its default");
    return false;
  }
  if (node.text.find('\0') != std::string::npos) {
    problems.add(node.place, path, Mistake::out_of_range, "the text holds a NUL character; remove it");
    return false;
  }
  const auto& names = wanted.rule.one_of;
  if (!names.empty() && std::find(names.begin(), names.end(), node.text) == names.end()) {
    auto hint = near(node.text, names);
    if (hint.rfind("; known", 0) == 0) hint.clear();  // they are all named already
    problems.add(
        node.place, path, Mistake::unknown_name,
        fmt::format("found {}; wanted {}{}", problems.quote(node.text), range_text(wanted.rule), hint));
    return false;
  }
  return true;
}

std::optional<Value> read_integers(const Node& node, const std::string& path, const Wanted& wanted,
                                   Problems& problems) {
  if (node.items.empty()) {
    problems.add(node.place, path, Mistake::empty, "the list is empty; give at least one number");
    return std::nullopt;
  }
  std::vector<std::int64_t> numbers;
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    const Wanted item{std::int64_t{0},
                      {wanted.rule.min, wanted.rule.max, true, wanted.rule.power_of_two, {}}};
    const auto number = read_value(node.items[i], fmt::format("{}[{}]", path, i), item, problems);
    if (number) numbers.push_back(std::get<std::int64_t>(*number));
  }
  if (numbers.size() != node.items.size()) return std::nullopt;
  return numbers;
}

/// The node as a value of the wanted type, before any range; nothing when the type is another. Where the
/// names to choose from include true and false, these may be written without quotes.
std::optional<Value> convert(const Node& node, const Wanted& wanted) {
  const auto& want = wanted.default_value;
  if (node.type == Type::boolean && std::holds_alternative<std::string>(want)) {
    const std::string word = node.boolean ? "true" : "false";
    if (std::ranges::find(wanted.rule.one_of, word) != wanted.rule.one_of.end()) return word;
  }
  if (std::holds_alternative<bool>(want) && node.type == Type::boolean) return node.boolean;
  if (std::holds_alternative<std::int64_t>(want) && node.type == Type::integer) return node.integer;
  if (std::holds_alternative<double>(want) && node.type == Type::real) return node.real;
  if (std::holds_alternative<double>(want) && node.type == Type::integer)
    return static_cast<double>(node.integer);
  if (std::holds_alternative<std::string>(want) && node.type == Type::text) return node.text;
  return std::nullopt;
}

}  // namespace

Wanted wanted(const ParamInfo& param) {
  return {param.default_value, {param.min, param.max, param.required, false, {}}};
}

std::string type_text(const Value& value) {
  static constexpr const char* names[] = {"true or false", "a whole number", "a number", "a text",
                                          "a list of whole numbers"};
  return names[value.index()];
}

std::string example_text(const Value& value) {
  return std::holds_alternative<std::string>(value) ? "\"...\"" : "(" + type_text(value) + ")";
}

std::string range_text(const Rule& rule) {
  if (!rule.one_of.empty()) return fmt::format("{}", fmt::join(rule.one_of, " | "));
  std::string text;
  if (rule.min && rule.max)
    text = fmt::format("{} to {}", *rule.min, *rule.max);
  else if (rule.min)
    text = fmt::format("at least {}", *rule.min);
  else if (rule.max)
    text = fmt::format("at most {}", *rule.max);
  if (rule.power_of_two) text += text.empty() ? "a power of two" : ", a power of two";
  return text;
}

std::optional<Value> read_value(const Node& node, const std::string& path, const Wanted& wanted,
                                Problems& problems) {
  if (node.broken) return std::nullopt;
  if (std::holds_alternative<std::vector<std::int64_t>>(wanted.default_value) && node.type == Type::list) {
    return read_integers(node, path, wanted, problems);
  }
  auto value = convert(node, wanted);
  if (!value) {
    report_type(node, path, wanted.default_value, problems);
    return std::nullopt;
  }
  if (!wanted.rule.required && *value == wanted.default_value) return value;
  if (node.type == Type::text) return check_text(node, path, wanted, problems) ? value : std::nullopt;
  if (node.type == Type::boolean) return value;
  const double number = node.type == Type::integer ? static_cast<double>(node.integer) : node.real;
  return check_number(number, node, path, wanted.rule, problems) ? value : std::nullopt;
}

std::vector<Read> read_one_or_list(const Node& node, const std::string& path, const Wanted& wanted,
                                   Problems& problems) {
  std::vector<Read> values;
  // A parameter that is a list itself is swept by a list of lists.
  const bool lists = std::holds_alternative<std::vector<std::int64_t>>(wanted.default_value);
  const bool many =
      node.type == Type::list && (!lists || std::any_of(node.items.begin(), node.items.end(),
                                                        [](const Node& n) { return n.type == Type::list; }));
  if (!many) {
    if (auto value = read_value(node, path, wanted, problems))
      values.push_back({std::move(*value), &node, path});
    return values;
  }
  if (node.items.empty())
    problems.add(node.place, path, Mistake::empty, "the list is empty; give at least one value");
  std::set<std::string> seen;
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    const auto at = fmt::format("{}[{}]", path, i);
    auto value = read_value(node.items[i], at, wanted, problems);
    if (!value) continue;
    if (!seen.insert(to_text(*value)).second) {
      problems.add(node.items[i].place, at, Mistake::listed_twice,
                   problems.show(to_text(*value), 80) + " is listed twice; remove one");
      continue;
    }
    values.push_back({std::move(*value), &node.items[i], at});
  }
  return values;
}

Found locate(const Node& table, std::string_view dotted_name) {
  const Node* at = &table;
  for (;;) {
    if (at->type != Type::table || at->broken) return {nullptr, at->place, true};
    const auto dot = dotted_name.find('.');
    const auto* next = at->find(dotted_name.substr(0, dot));
    if (next == nullptr) return {nullptr, at->place, false};
    if (dot == std::string_view::npos) return {next, at->place, false};
    dotted_name.remove_prefix(dot + 1);
    at = next;
  }
}

void report_missing(const Found& found, const std::string& path, std::string_view example,
                    Problems& problems) {
  if (found.node != nullptr || found.blocked) return;
  const auto key = path.substr(path.rfind('.') + 1);
  problems.add(found.table, path, Mistake::missing_key,
               fmt::format("is missing; write {} = {}", key, example));
}

void check_keys(const Node& table, const std::string& path, std::span<const std::string> known,
                Problems& problems) {
  for (const auto& entry : table.entries) {
    const auto name = join(path, entry.key);
    const auto prefix = entry.key + ".";
    std::vector<std::string> below;
    std::vector<std::string> here;
    bool is_known = false;
    for (const auto& key : known) {
      is_known = is_known || key == entry.key;
      if (key.rfind(prefix, 0) == 0) below.push_back(key.substr(prefix.size()));
      auto first = key.substr(0, key.find('.'));
      if (std::find(here.begin(), here.end(), first) == here.end()) here.push_back(std::move(first));
    }
    // A key that itself holds a dot is never a known one, even if it spells the dotted name of one.
    if (is_known && entry.key.find('.') == std::string::npos) continue;
    if (below.empty() || entry.key.find('.') != std::string::npos) {
      problems.add(entry.place, name, Mistake::unknown_key, "unknown key" + near(entry.key, here));
    } else if (entry.value.type == Type::table) {
      check_keys(entry.value, name, below, problems);
    } else if (!entry.value.broken) {
      problems.add(
          entry.value.place, name, Mistake::wrong_type,
          fmt::format("found {}; wanted a table with {}", name_of(entry.value.type), fmt::join(below, ", ")));
    }
  }
}

Params read_params(const Node& table, const std::string& path, std::span<const ParamInfo> params,
                   Problems& problems) {
  Params values;
  for (const auto& param : params) {
    const auto found = locate(table, param.name);
    const auto name = path.empty() ? param.name : path + "." + param.name;
    if (param.required) report_missing(found, name, example_text(param.default_value), problems);
    std::optional<Value> value;
    if (found.node != nullptr) value = read_value(*found.node, name, wanted(param), problems);
    values.set(param.name, value.value_or(param.default_value));
  }
  return values;
}

std::string near(std::string_view name, std::span<const std::string> known) {
  return suggest(cut(name), known);
}

}  // namespace dream::config
