#include "config/list.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "base/errors.hpp"
#include "base/near_names.hpp"
#include "config/keys.hpp"

namespace dream::config {
namespace {

using Row = std::array<std::string, 5>;  ///< name, type, default, range, help

/// Parameters in columns as wide as their longest cell; the last column is free.
std::string aligned(const std::vector<Row>& rows) {
  std::array<std::size_t, 4> widths{};
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < widths.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line = "  ";
    for (std::size_t i = 0; i < widths.size(); ++i) line += fmt::format("{:<{}}  ", row[i], widths[i]);
    line += row[4];
    text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return text;
}

Row row_of(const ParamInfo& param) {
  const auto& value = param.default_value;
  const bool is_text = std::holds_alternative<std::string>(value);
  auto type = type_text(value);
  if (type.rfind("a ", 0) == 0) type = type.substr(2);
  return {param.name, type,
          param.required ? "required"
          : is_text      ? "\"" + std::get<std::string>(value) + "\""
                         : to_text(value),
          range_text(wanted(param).rule), param.help};
}

std::string describe_keys() {
  std::vector<Row> rows;
  for (const auto& key : key_infos())
    rows.push_back({key.name, key.type, key.default_value, key.range, key.help});
  return aligned(rows);
}

/// The kinds of model with any of these uses.
std::vector<ComponentInfo> models(const Catalog& catalog, std::initializer_list<bool ModelKind::*> uses) {
  std::vector<ComponentInfo> rows;
  for (const auto& kind : catalog.models) {
    if (std::ranges::none_of(uses, [&](auto use) { return kind.*use; })) continue;
    auto& row = rows.emplace_back(kind.info);
    std::vector<std::string> names;
    if (kind.embedder) names.emplace_back("embedder");
    if (kind.reranker) names.emplace_back("reranker");
    if (kind.llm) names.emplace_back("language model");
    row.summary += fmt::format(" [{}]", fmt::join(names, ", "));
    if (kind.has_api_key) row.summary += " [takes api_key]";
  }
  return rows;
}

}  // namespace

std::vector<std::string> list_topics() {
  return {"chunkers", "embedders", "rerankers", "llms", "models", "searches", "metrics", "keys"};
}

std::string describe(std::span<const ComponentInfo> rows) {
  std::size_t width = 0;
  for (const auto& row : rows) width = std::max(width, row.name.size());
  std::string text;
  for (const auto& row : rows) {
    const auto line = fmt::format("{:<{}}  {}", row.name, width, row.summary);
    text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
    std::vector<Row> params;
    for (const auto& param : row.params) params.push_back(row_of(param));
    text += aligned(params);
  }
  return text;
}

std::string describe(const Catalog& catalog, const std::string& topic) {
  std::vector<ComponentInfo> rows;
  if (topic == "chunkers" || topic == "methods") {
    for (const auto& method : catalog.methods) rows.push_back(method.info);
  } else if (topic == "embedders") {
    rows = models(catalog, {&ModelKind::embedder});
  } else if (topic == "rerankers") {
    rows = models(catalog, {&ModelKind::reranker});
  } else if (topic == "llms") {
    rows = models(catalog, {&ModelKind::llm});
  } else if (topic == "models") {
    rows = models(catalog, {&ModelKind::embedder, &ModelKind::reranker, &ModelKind::llm});
  } else if (topic == "searches") {
    rows = catalog.searches;
  } else if (topic == "metrics") {
    for (const auto& name : catalog.metrics) rows.push_back({name, "", {}});
  } else if (topic == "keys") {
    return describe_keys();
  } else {
    throw ConfigError("--list " + topic + ": nothing of that name" + suggest(topic, list_topics()));
  }
  return describe(rows);
}

}  // namespace dream::config
