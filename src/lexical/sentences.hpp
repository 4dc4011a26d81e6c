#pragma once
#include <string_view>
#include <vector>

namespace dream::lexical {

/// The sentences of a text, as views into it, white space at both ends left out; together they hold every
/// character that is not white space. A sentence ends at . ! ? … and their relatives of other scripts (with
/// closing quotes and brackets), not after abbreviations, initials and before a small letter; at a blank
/// line; and before a line that starts a list item, a heading or a table row.
[[nodiscard]] std::vector<std::string_view> sentences(std::string_view utf8);

}  // namespace dream::lexical
