#pragma once
#include <map>
#include <string>
#include <vector>

#include "config/tree.hpp"

/// What happens to a tree before anyone reads a value from it.
namespace dream::config {

/// A config's or env file's bytes. Throws InvalidConfig (Mistake::file) with the system's reason.
[[nodiscard]] std::string read_text(const std::string& file);

/// Puts each "key.path=value" into the tree, making tables on the way; an existing value is replaced as a
/// whole.
void apply_overrides(Node& root, const std::vector<std::string>& overrides, Problems& problems);

/// Replaces ${NAME} in every text by its value; $${ stands for a plain ${. A text with a name that is not set
/// is reported and marked as broken.
void expand_variables(Node& root, const std::map<std::string, std::string>& environment, Problems& problems);

/// Whether an environment variable may have this name.
[[nodiscard]] bool is_variable_name(std::string_view name);

}  // namespace dream::config
