#include <fmt/format.h>

#include <algorithm>

#include "config/choices.hpp"
#include "config/config.hpp"
#include "config/keys.hpp"
#include "config/models.hpp"
#include "config/prepare.hpp"
#include "config/quote.hpp"
#include "config/tree.hpp"

namespace dream::config {
namespace {

/// Reads every row of the table of keys out of one tree.
class Loader {
 public:
  Loader(const Node& root, const Catalog& catalog, const Models& models, Problems& problems)
      : root_(root), catalog_(catalog), models_(models), problems_(problems) {}

  void read(const Key& key, Config& config) {
    const auto found = locate(root_, key.name);
    if (key.rule.required) report_missing(found, key.name, key.example, problems_);
    std::visit([&](auto* field) { read_field(key, found.node, *field); }, key.field(config));
  }

 private:
  template <class T>
  void read_field(const Key& key, const Node* node, T& field) {  // text, whole number, number
    if (node == nullptr) return;
    const auto value = read_value(*node, key.name, {Value(field), key.rule}, problems_);
    if (!value) return;
    field = std::get<T>(*value);
    if constexpr (std::is_same_v<T, std::string>) check_name(key, field, *node, key.name);
  }

  template <class T>
  void read_field(const Key& key, const Node* node, std::vector<T>& field) {
    if (node == nullptr) return;
    field.clear();  // what stood there was the default
    for (auto& read : read_one_or_list(*node, key.name, {Value(T{}), key.rule}, problems_)) {
      field.push_back(std::get<T>(read.value));
      if constexpr (std::is_same_v<T, std::string>) check_name(key, field.back(), *read.node, read.path);
    }
  }

  void read_field(const Key& key, const Node* node, Choice& field) {
    Node by_default;  // the parameters of the default have defaults, too
    by_default.type = Type::text;
    by_default.text = field.name;
    const bool known = std::any_of(catalog_.searches.begin(), catalog_.searches.end(),
                                   [&](const ComponentInfo& row) { return row.name == field.name; });
    if (node == nullptr && !known) return;
    const auto choice =
        read_choice(node != nullptr ? *node : by_default, key.name, "search", catalog_.searches, problems_);
    if (choice) field = *choice;
  }

  void read_field(const Key& key, const Node* node, std::vector<Choice>& field) {
    if (node != nullptr) field = read_methods(*node, key.name, catalog_.methods, problems_);
  }

  void check_name(const Key& key, const std::string& name, const Node& node, const std::string& path) {
    using Use = Models::Use;
    switch (key.names) {
      case Names::nothing:
        return;
      case Names::embedder:
        if (!name.empty()) models_.check(name, Use::embedder, node.place, path, {}, problems_);
        return;
      case Names::reranker:
        return models_.check(name, Use::reranker, node.place, path, {"none"}, problems_);
      case Names::llm:
        return models_.check(name, Use::llm, node.place, path, {}, problems_);
      case Names::llm_or_none:
        if (!name.empty()) models_.check(name, Use::llm, node.place, path, {}, problems_);
        return;
      case Names::judge:
        return models_.check(name, Use::llm, node.place, path, {"overlap"}, problems_);
      case Names::tokenizer:
        return models_.check(name, Use::embedder, node.place, path, {"auto", "words"}, problems_);
      case Names::metric:
        if (std::find(catalog_.metrics.begin(), catalog_.metrics.end(), name) == catalog_.metrics.end()) {
          problems_.add(node.place, path, Mistake::unknown_name,
                        fmt::format("no metric {}{}", problems_.quote(name), near(name, catalog_.metrics)));
        }
        return;
    }
  }

  const Node& root_;
  const Catalog& catalog_;
  const Models& models_;
  Problems& problems_;
};

/// A vote needs an odd number of voices.
void check_repeats(const Node& root, const Config& config, Problems& problems) {
  if (config.judge.repeats % 2 == 1) return;
  const auto found = locate(root, "judge.repeats");
  problems.add(
      found.node != nullptr ? found.node->place : root.place, "judge.repeats", Mistake::out_of_range,
      fmt::format("found {}; wanted an odd number, so that there is a majority", config.judge.repeats));
}

void check_shards(const Node& root, const Config& config, Problems& problems) {
  if (config.index.shards <= config.corpus.buckets) return;
  auto found = locate(root, "index.shards");
  const bool has_shards = found.node != nullptr;
  if (!has_shards) found = locate(root, "corpus.buckets");
  problems.add(
      found.node != nullptr ? found.node->place : root.place, has_shards ? "index.shards" : "corpus.buckets",
      Mistake::bad_combination,
      fmt::format(
          "index.shards is {} and corpus.buckets is {}; a shard is a run of buckets, so at most as many",
          config.index.shards, config.corpus.buckets));
}

/// A reranker chooses among more hits than stay, or it could only order them.
void check_rerank_from(const Node& root, const Config& config, Problems& problems) {
  const auto& space = config.space;
  const bool reranks = std::ranges::any_of(space.rerankers, [](const auto& name) { return name != "none"; });
  if (!reranks || space.top_k.empty() || space.rerank_from >= std::ranges::max(space.top_k)) return;
  auto found = locate(root, "space.rerank_from");
  if (found.node == nullptr) found = locate(root, "space.reranker");
  problems.add(
      found.node != nullptr ? found.node->place : root.place, "space.rerank_from", Mistake::bad_combination,
      fmt::format("space.rerank_from is {} and space.top_k reaches {}; a reranker must read at least as many "
                  "hits as stay: write rerank_from = {} or more",
                  space.rerank_from, std::ranges::max(space.top_k), std::ranges::max(space.top_k)));
}

/// State is renamed, synced and locked: it needs a file system.
void check_state(const Node& root, const Config& config, Problems& problems) {
  if (config.sweep.state.find("://") == std::string::npos) return;
  const auto found = locate(root, "sweep.state");
  problems.add(found.node != nullptr ? found.node->place : root.place, "sweep.state", Mistake::out_of_range,
               fmt::format("found {}; wanted a folder on a file system that all ranks share; only "
                           "corpus.sources, golden.file and sweep.output may be on S3",
                           problems.quote(config.sweep.state)));
}

/// A section without an address takes MLflow's own variable.
void complete_tracking(const Node& root, const LoadOptions& options, Config& config, Problems& problems) {
  auto& tracking = config.tracking;
  const auto* section = root.find("tracking");
  if (section == nullptr) return;
  for (const auto& [name, value] : options.environment) {
    if (name.starts_with("MLFLOW_")) tracking.environment[name] = value;
  }
  const auto fill = [&](std::string& field, const char* variable) {
    const auto found = tracking.environment.find(variable);
    if (field.empty() && found != tracking.environment.end()) field = found->second;
  };
  fill(tracking.uri, "MLFLOW_TRACKING_URI");
  fill(tracking.experiment, "MLFLOW_EXPERIMENT_NAME");
  fill(tracking.ca_file, "MLFLOW_TRACKING_SERVER_CERT_PATH");
  if (tracking.experiment.empty()) tracking.experiment = config.sweep.name;
  const auto found = locate(root, "tracking.uri");
  const auto place = found.node != nullptr ? found.node->place : section->place;
  const auto& uri = tracking.uri;
  if (uri.empty()) {
    problems.add(place, "tracking.uri", Mistake::missing_key,
                 "is missing; write uri = \"http://HOST:PORT\", or export MLFLOW_TRACKING_URI");
  } else if (uri.find('@') != std::string::npos) {
    problems.hide(uri);
    problems.add(place, "tracking.uri", Mistake::secret,
                 "an address must not hold a password; export MLFLOW_TRACKING_USERNAME and "
                 "MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN");
  } else if (!uri.starts_with("http://") && !uri.starts_with("https://")) {
    problems.add(place, "tracking.uri", Mistake::out_of_range,
                 fmt::format("found {}; wanted the http:// or https:// address of an MLflow server",
                             problems.quote(uri)));
  }
}

/// Rules that no single key's range can say.
void check_together(const Node& root, const Config& config, Problems& problems) {
  check_repeats(root, config, problems);
  check_shards(root, config, problems);
  check_rerank_from(root, config, problems);
  check_state(root, config, problems);
}

}  // namespace

Config load_text(const std::string& text, const std::string& file, const Catalog& catalog,
                 const LoadOptions& options) {
  Problems problems;
  auto root = parse(text, file, problems);
  if (!root) problems.throw_if_any();
  root->place = {file, 1, 1};
  apply_overrides(*root, options.overrides, problems);
  hide_secret_variables(options.environment, problems);
  hide_plain_keys(*root, problems);
  expand_variables(*root, options.environment, problems);
  hide_plain_keys(*root, problems);

  Config config;
  config.file = file;
  Models models(*root, catalog, options, problems);
  Loader loader(*root, catalog, models, problems);
  for (const auto& key : keys()) loader.read(key, config);
  check_keys(*root, "", known_names(), problems);
  check_together(*root, config, problems);
  complete_tracking(*root, options, config, problems);
  problems.throw_if_any();
  config.models = models.take();
  for (const auto& [name, value] : options.environment) {
    if (name.starts_with("AWS_") || name == "HOME") config.s3.environment[name] = value;
  }
  return config;
}

Config load(const std::string& file, const Catalog& catalog, const LoadOptions& options) {
  return load_text(read_text(file), file, catalog, options);
}

}  // namespace dream::config
