#pragma once
#include <string>
#include <string_view>

namespace dream::config {

/// Whether TOML takes this key without quotes.
[[nodiscard]] bool is_bare(std::string_view key);

/// The inside of a TOML basic string: quotes, backslashes and control characters escaped.
[[nodiscard]] std::string escape(std::string_view text);

/// At most `bytes` of it and "..." behind, never through the middle of a UTF-8 character.
[[nodiscard]] std::string cut(std::string_view text, std::size_t bytes = 80);

}  // namespace dream::config
