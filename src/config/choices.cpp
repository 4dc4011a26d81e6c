#include "config/choices.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "config/quote.hpp"

namespace dream::config {
namespace {

/// The row that a node names, as text or as the `name` of a table; null after a problem.
const ComponentInfo* find_row(const Node& node, const std::string& path, std::string_view what,
                              const std::vector<const ComponentInfo*>& rows, Problems& problems) {
  const Node* name_node = &node;
  auto name_path = path;
  if (node.broken) return nullptr;
  if (node.type == Type::table) {
    const auto found = locate(node, "name");
    name_path += ".name";
    report_missing(found, name_path, fmt::format("\"{}\"", rows.empty() ? "" : rows.front()->name), problems);
    name_node = found.node;
  } else if (node.type != Type::text) {
    problems.add(
        node.place, path, Mistake::wrong_type,
        fmt::format("found {}; wanted a name, or a table {{ name = ..., ... }}", name_of(node.type)));
    return nullptr;
  }
  if (name_node == nullptr) return nullptr;
  const auto name = read_value(*name_node, name_path, {std::string("?"), {.required = true}}, problems);
  if (!name) return nullptr;
  std::vector<std::string> known;
  for (const auto* row : rows) {
    if (row->name == std::get<std::string>(*name)) return row;
    known.push_back(row->name);
  }
  const auto& text = std::get<std::string>(*name);
  problems.add(name_node->place, name_path, Mistake::unknown_name,
               fmt::format("no {} {}{}", what, problems.quote(text), near(text, known)));
  return nullptr;
}

void check_params(const Node& node, const std::string& path, const ComponentInfo& row, Problems& problems) {
  if (node.type != Type::table) return;
  std::vector<std::string> known{"name"};
  for (const auto& param : row.params) known.push_back(param.name);
  check_keys(node, path, known, problems);
}

/// A table without keys, for a component that is only named: its parameters are the defaults.
Node empty_table(const Place& place) {
  Node table;
  table.place = place;
  return table;
}

/// The values to sweep of each of the row's parameters, in the row's order; nothing after a problem.
std::optional<std::vector<std::vector<Value>>> read_axes(const Node& table, const std::string& path,
                                                         const ComponentInfo& row, Problems& problems) {
  std::vector<std::vector<Value>> axes;
  bool good = true;
  std::size_t combinations = 1;
  for (const auto& param : row.params) {
    const auto found = locate(table, param.name);
    auto name = path;
    name += "." + param.name;
    if (param.required) report_missing(found, name, example_text(param.default_value), problems);
    good = good && (found.node != nullptr || !param.required);
    auto& axis = axes.emplace_back();
    if (found.node == nullptr) {
      axis.push_back(param.default_value);
      continue;
    }
    for (auto& read : read_one_or_list(*found.node, name, wanted(param), problems))
      axis.push_back(std::move(read.value));
    good = good && !axis.empty();
    combinations *= std::max<std::size_t>(1, axis.size());
    if (combinations > max_combinations) {
      problems.add(found.node->place, name, Mistake::out_of_range,
                   fmt::format("the method's parameters make more than {} combinations; list fewer values",
                               max_combinations));
      return std::nullopt;
    }
  }
  if (!good) return std::nullopt;
  return axes;
}

/// Every combination, the first axis slowest.
std::vector<Params> combine(const ComponentInfo& row, const std::vector<std::vector<Value>>& axes) {
  std::vector<Params> combinations(1);
  for (std::size_t i = 0; i < axes.size(); ++i) {
    std::vector<Params> longer;
    for (const auto& begun : combinations) {
      for (const auto& value : axes[i]) longer.emplace_back(begun).set(row.params[i].name, value);
    }
    combinations = std::move(longer);
  }
  return combinations;
}

}  // namespace

std::optional<Choice> read_choice(const Node& node, const std::string& path, std::string_view what,
                                  const std::vector<ComponentInfo>& rows, Problems& problems) {
  std::vector<const ComponentInfo*> infos;
  for (const auto& row : rows) infos.push_back(&row);
  const auto* row = find_row(node, path, what, infos, problems);
  if (row == nullptr) return std::nullopt;
  check_params(node, path, *row, problems);
  const auto nothing = empty_table(node.place);
  return Choice{row->name,
                read_params(node.type == Type::table ? node : nothing, path, row->params, problems)};
}

std::vector<Choice> read_methods(const Node& node, const std::string& path,
                                 const std::vector<MethodKind>& rows, Problems& problems) {
  std::vector<const ComponentInfo*> infos;
  for (const auto& row : rows) infos.push_back(&row.info);
  std::vector<Choice> choices;
  std::set<std::string> seen;
  const auto read_entry = [&](const Node& entry, const std::string& at) {
    const auto* info = find_row(entry, at, "method", infos, problems);
    if (info == nullptr) return;
    check_params(entry, at, *info, problems);
    const auto nothing = empty_table(entry.place);
    const auto axes = read_axes(entry.type == Type::table ? entry : nothing, at, *info, problems);
    if (!axes) return;
    const auto row =
        std::find_if(rows.begin(), rows.end(), [&](const MethodKind& r) { return &r.info == info; });
    for (auto& params : combine(*info, *axes)) {
      Choice choice{info->name, std::move(params)};
      const auto reason = row->check != nullptr ? row->check(choice.params) : "";
      if (!reason.empty()) {
        problems.add(entry.place, at, Mistake::bad_combination,
                     fmt::format("{}: {}", problems.show(choice.canonical(), 300), reason));
      } else if (choices.size() >= max_combinations) {
        problems.add(entry.place, at, Mistake::out_of_range,
                     fmt::format("more than {} methods; list fewer", max_combinations));
        return;
      } else if (!seen.insert(choice.canonical()).second) {
        problems.add(entry.place, at, Mistake::listed_twice,
                     problems.show(choice.canonical(), 300) + " is listed twice; remove one");
      } else {
        choices.push_back(std::move(choice));
      }
    }
  };
  if (node.type != Type::list) {
    read_entry(node, path);
    return choices;
  }
  if (node.items.empty())
    problems.add(node.place, path, Mistake::empty, "the list is empty; give at least one method");
  for (std::size_t i = 0; i < node.items.size(); ++i)
    read_entry(node.items[i], fmt::format("{}[{}]", path, i));
  return choices;
}

}  // namespace dream::config
