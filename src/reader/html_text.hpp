#pragma once
#include <string>
#include <string_view>

namespace dream::reader {

/// The text between the tags of a piece of HTML: comments, scripts and styles dropped, the usual entities
/// decoded, a line break for <br>, <p>, </p>, </div>, </li>, </tr>. Linear in time. For the HTML inside
/// Markdown, not for whole pages.
[[nodiscard]] std::string html_text(std::string_view html);

/// `text` without "data:...;base64,..." words, which are pictures and no text.
[[nodiscard]] std::string without_data_uris(std::string_view text);

}  // namespace dream::reader
