#pragma once
#include <string>
#include <string_view>
#include <vector>

/// Texts as Python's str has them: the packages whose metrics we match are written in it.
namespace dream::lexical {

/// str.lower(): Unicode's full mapping to small letters, whatever the language. Invalid UTF-8 becomes U+FFFD.
[[nodiscard]] std::string lower(std::string_view utf8);

/// str.isspace() of one character.
[[nodiscard]] bool is_space(char32_t c);

/// str.isalnum() of one character, or '_': what \w matches in a pattern.
[[nodiscard]] bool is_word_character(char32_t c);

/// str.split(): runs of what is no white space.
[[nodiscard]] std::vector<std::string_view> split(std::string_view utf8);

/// str.rstrip().
[[nodiscard]] std::string_view right_trimmed(std::string_view utf8);

}  // namespace dream::lexical
