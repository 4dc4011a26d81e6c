#include "config/models.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>

#include "config/prepare.hpp"
#include "config/quote.hpp"

namespace dream::config {
namespace {

constexpr const char* key_remedy = "write api_key = { env = \"VARIABLE\" } or { file = \"path\" }";

/// Names with a meaning of their own where a model may be named.
constexpr const char* reserved[] = {"auto", "words", "overlap", "none"};

/// The first line of a small file; nothing when it cannot be read. A bound, since the path may name a device.
std::optional<std::string> read_secret_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text(1 << 16, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad() || file.gcount() == 0) return std::nullopt;
  text.resize(static_cast<std::size_t>(file.gcount()));
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  return text;
}

bool has_control_character(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

bool is_model_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](char c) {
    return c == '.' || is_bare(std::string_view(&c, 1));
  });
}

/// Reads { env = ... } or { file = ... }; a secret without origin when there is a problem.
Secret resolve(const Node& node, const std::string& path, const LoadOptions& options, Problems& problems) {
  const auto refuse = [&](const std::string& why) {
    problems.add(node.place, path, Mistake::secret, why);
    return Secret{};
  };
  const auto* env = node.find("env");
  const auto* file = node.find("file");
  if (node.type == Type::text)
    return refuse("a secret must not stand in the config; " + std::string(key_remedy));
  if (node.type != Type::table || (env == nullptr) == (file == nullptr)) {
    return refuse(fmt::format(
        "found {}; {}",
        node.type == Type::table ? "a table with neither or both of env and file" : name_of(node.type),
        key_remedy));
  }
  check_keys(node, path, std::vector<std::string>{"env", "file"}, problems);
  const bool from_env = env != nullptr;
  const auto name = read_value(from_env ? *env : *file, path + (from_env ? ".env" : ".file"),
                               {std::string("?"), {.required = true}}, problems);
  if (!name) return {};
  Secret secret{"", (from_env ? "env " : "file ") + std::get<std::string>(*name)};
  const auto shown = problems.show(std::get<std::string>(*name), 200);
  if (from_env) {
    const auto found = options.environment.find(std::get<std::string>(*name));
    if (found == options.environment.end()) {
      return refuse(
          fmt::format("the environment variable {} is not set; export it, or name it in --env-file", shown));
    }
    secret.value = found->second;
  } else {
    const auto text = read_secret_file(std::get<std::string>(*name));
    if (!text)
      return refuse(fmt::format("cannot read the file {}, or it is empty; it must hold the secret", shown));
    secret.value = *text;
  }
  problems.hide(secret.value);
  if (secret.value.empty())
    return refuse(fmt::format("{} {} is empty", from_env ? "the environment variable" : "the file", shown));
  // It goes into a header of a request, where a line break would begin another header.
  if (has_control_character(secret.value))
    return refuse(fmt::format("the secret from {} holds a line break or another control character", shown));
  return secret;
}

bool serves(const ModelKind& kind, Models::Use use) {
  switch (use) {
    case Models::Use::embedder:
      return kind.embedder;
    case Models::Use::reranker:
      return kind.reranker;
    case Models::Use::llm:
      return kind.llm;
  }
  return false;
}

const char* what_is(Models::Use use) {
  switch (use) {
    case Models::Use::embedder:
      return "an embedder";
    case Models::Use::reranker:
      return "a reranker";
    case Models::Use::llm:
      return "a language model";
  }
  return "";
}

}  // namespace

void hide_secret_variables(const std::map<std::string, std::string>& environment, Problems& problems) {
  for (const auto& [name, value] : environment) {
    // A short value would rather be a switch or a word that messages need.
    if (value.size() < 8) continue;
    for (const std::string_view ending : {"_KEY", "_TOKEN", "_SECRET", "_PASSWORD"}) {
      if (name.ends_with(ending)) problems.hide(value);
    }
  }
}

void hide_plain_keys(const Node& node, Problems& problems) {
  for (const auto& entry : node.entries) {
    if (entry.key == "api_key" && entry.value.type == Type::text) problems.hide(entry.value.text);
    hide_plain_keys(entry.value, problems);
  }
  for (const auto& item : node.items) hide_plain_keys(item, problems);
}

Models::Models(const Node& root, const Catalog& catalog, const LoadOptions& options, Problems& problems) {
  const auto* tables = root.find("models");
  if (tables == nullptr || tables->broken) return;
  if (tables->type != Type::table) {
    problems.add(tables->place, "models", Mistake::wrong_type,
                 fmt::format("found {}; wanted tables [models.NAME]", name_of(tables->type)));
    return;
  }
  // All secrets first: from then on no message can show one.
  for (const auto& entry : tables->entries) read_secret(entry.key, entry.value, options, problems);
  for (const auto& entry : tables->entries) read_model(entry, catalog, problems);
}

void Models::read_secret(const std::string& name, const Node& table, const LoadOptions& options,
                         Problems& problems) {
  const auto* node = table.find("api_key");
  if (node == nullptr || node->broken) return;
  models_[name].api_key = resolve(*node, join(join("models", name), "api_key"), options, problems);
}

void Models::read_model(const Entry& entry, const Catalog& catalog, Problems& problems) {
  const auto path = join("models", entry.key);
  const auto& table = entry.value;
  auto& model = models_[entry.key];
  auto& kind = kinds_[entry.key];
  model.name = entry.key;
  if (table.broken) return;
  if (!is_model_name(entry.key)) {
    problems.add(entry.place, path, Mistake::out_of_range,
                 "a model's name has 1 to 64 letters, digits, _, - or .");
  }
  if (std::find(std::begin(reserved), std::end(reserved), entry.key) != std::end(reserved)) {
    problems.add(entry.place, path, Mistake::out_of_range,
                 "this name has a meaning of its own; choose another");
  }
  if (table.type != Type::table) {
    problems.add(table.place, path, Mistake::wrong_type,
                 fmt::format("found {}; wanted a table [{}]", name_of(table.type), path));
    return;
  }
  std::vector<std::string> kinds;
  for (const auto& row : catalog.models) kinds.push_back(row.info.name);
  const auto found = locate(table, "kind");
  report_missing(found, path + ".kind", fmt::format("\"{}\"", kinds.empty() ? "" : kinds.front()), problems);
  if (found.node == nullptr) return;
  const auto name = read_value(*found.node, path + ".kind", {std::string("?"), {.required = true}}, problems);
  if (!name) return;
  model.kind = std::get<std::string>(*name);
  const auto row = std::find(kinds.begin(), kinds.end(), model.kind);
  if (row == kinds.end()) {
    problems.add(found.node->place, path + ".kind", Mistake::unknown_name,
                 fmt::format("no kind of model {}{}", problems.quote(model.kind), near(model.kind, kinds)));
    return;
  }
  kind = &catalog.models[static_cast<std::size_t>(row - kinds.begin())];
  std::vector<std::string> known{"kind"};
  for (const auto& param : kind->info.params) known.push_back(param.name);
  if (kind->has_api_key || table.find("api_key") != nullptr) known.emplace_back("api_key");
  check_keys(table, path, known, problems);
  if (const auto* api_key = table.find("api_key"); api_key != nullptr && !kind->has_api_key) {
    problems.add(api_key->place, path + ".api_key", Mistake::unknown_key,
                 fmt::format("kind \"{}\" takes no api_key; remove it", model.kind));
  }
  model.params = read_params(table, path, kind->info.params, problems);
}

void Models::check(const std::string& name, Use use, const Place& place, const std::string& path,
                   std::initializer_list<const char*> built_in, Problems& problems) const {
  if (std::find(built_in.begin(), built_in.end(), name) != built_in.end()) return;
  const auto fits = [&](const ModelKind* kind) { return kind == nullptr || serves(*kind, use); };
  std::vector<std::string> usable(built_in.begin(), built_in.end());
  for (const auto& [known, kind] : kinds_) {
    if (fits(kind)) usable.push_back(known);
  }
  const char* const what = what_is(use);
  const auto found = kinds_.find(name);
  if (found == kinds_.end()) {
    const auto hint = usable.empty() ? fmt::format("; no [models.NAME] is {}", what) : near(name, usable);
    problems.add(place, path, Mistake::unknown_name,
                 fmt::format("no model {}{}", problems.quote(name), hint));
  } else if (!fits(found->second)) {
    // Edit distance says nothing here: the list of those that fit does.
    std::string list;
    for (const auto& usable_name : usable) list += (list.empty() ? "" : ", ") + usable_name;
    problems.add(place, path, Mistake::wrong_kind,
                 fmt::format("model {} is of kind \"{}\", which is not {}; {}", problems.quote(name),
                             found->second->info.name, what,
                             list.empty() ? "add one as [models.NAME]" : "use one of: " + list));
  }
}

}  // namespace dream::config
