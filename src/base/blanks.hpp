#pragma once
#include <string>
#include <string_view>

namespace dream {

/// The text with each run of blanks, tabs and newlines as one blank, and none at its ends.
[[nodiscard]] std::string with_single_blanks(std::string_view text);

}  // namespace dream
