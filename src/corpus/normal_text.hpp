#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "stages/types.hpp"

namespace dream::corpus {

/// UTF-8 in the form that cleaned documents have: NFC; bytes that are no UTF-8 as U+FFFD; line ends as \n;
/// without control characters, soft hyphens, byte order marks, direction marks and tag characters (none of
/// these is seen, and tag characters can hide text from people). Keeps tabs, spaces and joiners.
[[nodiscard]] std::string normal_text(std::string_view utf8);

/// Where a passage that somebody copied from a document (a gold context) first stands in the cleaned text: in
/// normal_text() form, any run of white space equal to any other, so that lines may be broken elsewhere.
/// nullopt when it is not there or has nothing to look for. The span begins and ends with a visible
/// character. Linear in practice.
[[nodiscard]] std::optional<Span> find_passage(std::string_view cleaned, std::string_view passage);

}  // namespace dream::corpus
