#pragma once
#include <optional>
#include <string>
#include <string_view>

/// Base64 as of RFC 4648, 4.
namespace dream {

/// With padding.
[[nodiscard]] std::string to_base64(std::string_view bytes);

/// The bytes behind a text, with or without its padding. Nothing when it is none.
[[nodiscard]] std::optional<std::string> from_base64(std::string_view text);

}  // namespace dream
