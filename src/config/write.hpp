#pragma once
#include <string>
#include <utility>
#include <vector>

#include "config/config.hpp"

namespace dream::config {

/// A config as TOML text; loading it gives an equal config (but for `file`). Every key is written, defaults
/// too, so that the text means the same in a version with other defaults. Secrets are written as where they
/// come from, never as what they are. Values that came from ${VAR} are written as what they were.
[[nodiscard]] std::string to_toml(const Config& config);

/// The same as pairs of a key's path and its value as TOML has it, in the order of to_toml().
[[nodiscard]] std::vector<std::pair<std::string, std::string>> entries(const Config& config);

/// One trial of a sweep.
struct Trial {
  Choice method;
  std::string embedder;
  std::string reranker;  ///< or "none"
  std::int64_t top_k = 0;
  std::string llm;
  std::string
      tokenizer;  ///< what chunking.tokenizer stood for: auto depends on the models, which get fewer here
};

/// The config that runs this trial alone: same settings, only the models that it needs, judge.embedder and
/// chunking.tokenizer spelled out.
[[nodiscard]] Config only(const Config& config, const Trial& trial);

}  // namespace dream::config
