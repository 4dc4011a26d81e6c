#include "stages/chunk/characters.hpp"

#include <unicode/uchar.h>

#include "text/utf8.hpp"

namespace dream::chunk {
namespace {

bool is_ascii(char c) { return static_cast<unsigned char>(c) < 0x80; }
bool is_ascii_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool is_separator(char c) { return c >= '\x1c' && c <= '\x1f'; }

/// Bytes of the white space that ends at `end`, or 0. White space has at most three bytes.
std::size_t space_before(std::string_view text, std::size_t begin, std::size_t end) {
  if (is_ascii(text[end - 1])) return is_ascii_space(text[end - 1]) || is_separator(text[end - 1]) ? 1 : 0;
  for (std::size_t bytes = 2; bytes <= 3 && begin + bytes <= end; ++bytes) {
    if (space_at(text.substr(0, end), end - bytes) == bytes) return bytes;
  }
  return 0;
}

}  // namespace

std::size_t space_at(std::string_view text, std::size_t at) {
  if (is_ascii(text[at])) return is_ascii_space(text[at]) ? 1 : 0;
  const auto [value, bytes] = text::decode(text, at);
  return u_isUWhiteSpace(static_cast<UChar32>(value)) ? bytes : 0;
}

std::size_t skip_space(std::string_view text, std::size_t at) {
  while (at < text.size()) {
    const auto bytes = space_at(text, at);
    if (bytes == 0) break;
    at += bytes;
  }
  return at;
}

std::size_t skip_word(std::string_view text, std::size_t at) {
  while (at < text.size() && space_at(text, at) == 0)
    at += is_ascii(text[at]) ? 1 : text::decode(text, at).bytes;
  return at;
}

bool is_upper(char32_t c) { return u_isUUppercase(static_cast<UChar32>(c)); }
bool is_lower(char32_t c) { return u_isULowercase(static_cast<UChar32>(c)); }
bool is_digit(char32_t c) { return u_charType(static_cast<UChar32>(c)) == U_DECIMAL_DIGIT_NUMBER; }

bool is_word_letter(char32_t c) {
  const auto point = static_cast<UChar32>(c);
  constexpr auto marks = U_GC_M_MASK | U_GC_PC_MASK;
  return u_isUAlphabetic(point) || (U_GET_GC_MASK(point) & marks) != 0 || c == 0x200C || c == 0x200D;
}

Span trimmed(std::string_view text, Span range) {
  auto begin = static_cast<std::size_t>(range.begin);
  auto end = static_cast<std::size_t>(range.end);
  while (begin < end) {
    const auto bytes = is_separator(text[begin]) ? 1 : space_at(text.substr(0, end), begin);
    if (bytes == 0) break;
    begin += bytes;
  }
  while (begin < end) {
    const auto bytes = space_before(text, begin, end);
    if (bytes == 0) break;
    end -= bytes;
  }
  return {static_cast<std::int64_t>(begin), static_cast<std::int64_t>(end)};
}

}  // namespace dream::chunk
