#pragma once
#include <functional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "config/config.hpp"
#include "config/read.hpp"

/// The one table of all keys: the loader, the writer, `--list keys` and the test of docs/config.md walk it. A
/// new key is a field in config.hpp and a row in key_table.cpp.
namespace dream::config {

/// Where a key's value goes. The type of the field is the type of the key; a list of texts or numbers and a
/// list of choices take one value or a list of them.
using Field = std::variant<bool*, std::string*, std::int64_t*, double*, std::vector<std::string>*,
                           std::vector<std::int64_t>*, Choice*, std::vector<Choice>*>;

/// What the text of a key must name, apart from being text.
enum class Names { nothing, embedder, reranker, llm, llm_or_none, judge, tokenizer, metric };

struct Key {
  std::string name;  ///< dotted: "sweep.seed"
  std::function<Field(Config&)> field;
  std::string help;  ///< meaning and unit, one line
  std::string example;
  Rule rule{};
  Names names = Names::nothing;
};

[[nodiscard]] const std::vector<Key>& keys();

/// A key as a user reads about it.
struct KeyInfo {
  std::string name, type, default_value, range, help, example;
};

/// Every key that the loader knows, in the order of docs/config.md. `models.NAME.*` stands for all models;
/// the keys of a kind of model, method or search come from the catalog (`--list`).
[[nodiscard]] std::vector<KeyInfo> key_infos();

/// Key names without models: what check_keys() may find at the top.
[[nodiscard]] std::vector<std::string> known_names();

}  // namespace dream::config
