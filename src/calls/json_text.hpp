#pragma once
#include <string>
#include <string_view>

namespace dream::calls {

/// Appends `text` as a JSON string in quotes: the same bytes as the JSON library makes, at a fraction of its
/// time, since prompts are mostly plain stretches that can be copied. Bytes that are no UTF-8 become U+FFFD.
void append_json_string(std::string& out, std::string_view text);

}  // namespace dream::calls
