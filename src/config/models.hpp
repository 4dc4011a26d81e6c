#pragma once
#include <map>
#include <string>

#include "config/config.hpp"
#include "config/read.hpp"

namespace dream::config {

/// Keeps the values of variables that are secrets by their name (..._KEY, _TOKEN, _SECRET, _PASSWORD) out of
/// all messages: a ${LLM_API_KEY} in the wrong place is a likely mistake, and then nothing else says that it
/// is one.
void hide_secret_variables(const std::map<std::string, std::string>& environment, Problems& problems);

/// Keeps every api_key of the tree that is spelled out in a text out of all messages.
void hide_plain_keys(const Node& node, Problems& problems);

/// The models of a config, and what other keys may ask about them.
class Models {
 public:
  /// Reads [models.*] and their secrets.
  Models(const Node& root, const Catalog& catalog, const LoadOptions& options, Problems& problems);

  /// What a reference must stand for.
  enum class Use { embedder, reranker, llm };
  /// Reports a name that is no model, or a model that is not for this use. A model that is itself wrong
  /// counts as right: it has been reported once.
  void check(const std::string& name, Use use, const Place& place, const std::string& path,
             std::initializer_list<const char*> built_in, Problems& problems) const;
  [[nodiscard]] std::map<std::string, Model> take() { return std::move(models_); }

 private:
  void read_secret(const std::string& name, const Node& table, const LoadOptions& options,
                   Problems& problems);
  void read_model(const Entry& entry, const Catalog& catalog, Problems& problems);
  std::map<std::string, Model> models_;
  std::map<std::string, const ModelKind*> kinds_;  ///< null for a model whose kind is wrong
};

}  // namespace dream::config
