#pragma once
#include <span>
#include <string>
#include <string_view>

namespace dream {

/// "; did you mean "minilm"?" when a known name is close to `name` by edit distance, else "; known: a, b, c".
/// Empty when `known` is empty.
[[nodiscard]] std::string suggest(std::string_view name, std::span<const std::string> known);

}  // namespace dream
