#pragma once
#include <string_view>

namespace dream::judge {

/// inputs/prompts/<name>.toml as it was when the program was built. Throws InternalError for another name.
[[nodiscard]] std::string_view built_in_prompt(std::string_view name);

}  // namespace dream::judge
