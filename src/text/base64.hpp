#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace dream::text {

/// The bytes behind standard base64, with or without its padding. Nothing when it is none.
[[nodiscard]] std::optional<std::string> from_base64(std::string_view text);

}  // namespace dream::text
