#pragma once
#include <cstddef>
#include <string_view>

#include "stages/types.hpp"

/// Classes of characters, asked at a byte of a text.
namespace dream::chunk {

/// Bytes of the character at `at` (below text.size()) when it is white space (Unicode's White_Space), else 0.
[[nodiscard]] std::size_t space_at(std::string_view text, std::size_t at);

/// Where the first character at or after `at` that is not white space begins; text.size() when there is none.
[[nodiscard]] std::size_t skip_space(std::string_view text, std::size_t at);

/// Where the first white space at or after `at` begins; text.size() when there is none.
[[nodiscard]] std::size_t skip_word(std::string_view text, std::size_t at);

[[nodiscard]] bool is_upper(char32_t c);
[[nodiscard]] bool is_lower(char32_t c);
[[nodiscard]] bool is_digit(char32_t c);  ///< a decimal digit of any script
/// A letter, mark or connector such as `_`: what may stand in a word and is no digit.
[[nodiscard]] bool is_word_letter(char32_t c);

/// `range` without white space at its ends, where the separators U+001C to U+001F count as white space too
/// (Python's str.strip). Empty when nothing else is left.
[[nodiscard]] Span trimmed(std::string_view text, Span range);

}  // namespace dream::chunk
