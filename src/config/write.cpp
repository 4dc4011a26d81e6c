#include "config/write.hpp"

#include <set>

#include "config/keys.hpp"
#include "config/quote.hpp"

namespace dream::config {
namespace {

std::string text(const std::string& value) {
  auto escaped = escape(value);
  for (auto at = escaped.find("${"); at != std::string::npos; at = escaped.find("${", at + 3))
    escaped.insert(at, "$");
  return "\"" + escaped + "\"";
}

std::string key(const std::string& name) { return is_bare(name) ? name : "\"" + escape(name) + "\""; }

std::string toml(const Value& value) {
  return std::holds_alternative<std::string>(value) ? text(std::get<std::string>(value)) : to_text(value);
}

std::string toml(const Choice& choice) {
  std::string result = "{ name = " + text(choice.name);
  for (const auto& [name, value] : choice.params.all()) result += ", " + name + " = " + toml(value);
  return result + " }";
}

template <class T>
std::string toml(const std::vector<T>& values) {
  std::string result = "[";
  for (const auto& value : values) {
    if constexpr (std::is_same_v<T, Choice>)
      result += "\n  " + toml(value) + ",";
    else
      result += (result.size() > 1 ? ", " : "") + toml(Value(value));
  }
  return result + (std::is_same_v<T, Choice> ? "\n]" : "]");
}

std::string toml(const Field& field) {
  struct Visitor {
    std::string operator()(const bool* value) const { return toml(Value(*value)); }
    std::string operator()(const std::string* value) const { return text(*value); }
    std::string operator()(const std::int64_t* value) const { return toml(Value(*value)); }
    std::string operator()(const double* value) const { return toml(Value(*value)); }
    std::string operator()(const Choice* value) const { return toml(*value); }
    std::string operator()(const std::vector<std::string>* values) const { return toml(*values); }
    std::string operator()(const std::vector<std::int64_t>* values) const { return toml(*values); }
    std::string operator()(const std::vector<Choice>* values) const { return toml(*values); }
  };
  return std::visit(Visitor{}, field);
}

using Setting = std::pair<std::string, std::string>;

/// Of a model's own table.
std::vector<Setting> entries(const Model& model) {
  std::vector<Setting> list{{"kind", text(model.kind)}};
  for (const auto& [name, value] : model.params.all()) list.emplace_back(name, toml(value));
  const auto& origin = model.api_key.origin;
  const auto space = origin.find(' ');
  if (space != std::string::npos)
    list.emplace_back("api_key",
                      "{ " + origin.substr(0, space) + " = " + text(origin.substr(space + 1)) + " }");
  return list;
}

}  // namespace

std::string to_toml(const Config& config) {
  Config copy = config;  // the table of keys hands out pointers that may write
  std::string result;
  std::string section;
  for (const auto& row : keys()) {
    const auto dot = row.name.find('.');
    if (config.tracking.uri.empty() && row.name.starts_with("tracking.")) continue;  // nobody is told
    if (row.name.substr(0, dot) != section) {
      section = row.name.substr(0, dot);
      result += (result.empty() ? "[" : "\n[") + section + "]\n";
    }
    result += row.name.substr(dot + 1) + " = " + toml(row.field(copy)) + "\n";
  }
  for (const auto& [name, model] : config.models) {
    result += "\n[models." + key(name) + "]\n";
    for (const auto& [parameter, value] : entries(model)) result += parameter + " = " + value + "\n";
  }
  return result;
}

std::vector<Setting> entries(const Config& config) {
  Config copy = config;
  std::vector<Setting> list;
  for (const auto& row : keys()) list.emplace_back(row.name, toml(row.field(copy)));
  for (const auto& [name, model] : config.models) {
    for (auto& [parameter, value] : entries(model))
      list.emplace_back("models." + key(name) + "." + parameter, std::move(value));
  }
  return list;
}

Config only(const Config& config, const Trial& trial) {
  Config result = config;
  if (result.judge.embedder.empty() && !config.space.embedders.empty())
    result.judge.embedder = config.space.embedders.front();
  result.testset = {};  // its model would have to stay
  result.chunking.tokenizer = trial.tokenizer;
  result.space.methods = {trial.method};
  result.space.embedders = {trial.embedder};
  result.space.rerankers = {trial.reranker};
  result.space.top_k = {trial.top_k};
  result.space.llms = {trial.llm};
  const std::set<std::string> needed{trial.embedder,  trial.reranker,   trial.llm,
                                     trial.tokenizer, result.judge.llm, result.judge.embedder};
  std::erase_if(result.models, [&](const auto& entry) { return !needed.contains(entry.first); });
  return result;
}

}  // namespace dream::config
