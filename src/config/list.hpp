#pragma once
#include <span>
#include <string>
#include <vector>

#include "config/config.hpp"

namespace dream::config {

/// What `--list` takes: chunkers, embedders, llms, models, searches, metrics, keys.
[[nodiscard]] std::vector<std::string> list_topics();

/// The names of a topic as an aligned table: name and summary, below it each parameter with type, default,
/// range and help. "methods" is another word for chunkers. Throws ConfigError for another topic.
[[nodiscard]] std::string describe(const Catalog& catalog, const std::string& topic);

/// The same table for any rows.
[[nodiscard]] std::string describe(std::span<const ComponentInfo> rows);

}  // namespace dream::config
