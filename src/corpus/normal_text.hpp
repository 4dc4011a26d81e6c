#pragma once
#include <string>
#include <string_view>

namespace dream::corpus {

/// UTF-8 in the form that cleaned documents have: NFC; bytes that are no UTF-8 as U+FFFD; line ends as \n;
/// without control characters, soft hyphens, byte order marks, direction marks and tag characters (none of
/// these is seen, and tag characters can hide text from people). Keeps tabs, spaces and joiners.
[[nodiscard]] std::string normal_text(std::string_view utf8);

}  // namespace dream::corpus
