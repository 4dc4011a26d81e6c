#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace dream::text {

/// What stands in for bytes that are no UTF-8.
inline constexpr char32_t replacement_character = 0xFFFD;

/// A code point and how many bytes of the text it took.
struct CodePoint {
  char32_t value = 0;
  std::size_t bytes = 0;
};

/// The code point at byte `at` of `text` (at < text.size()). Every maximal part of an ill-formed sequence is
/// one U+FFFD, as the Unicode Standard (3.9, U+FFFD Substitution of Maximal Subparts), Python and the web
/// have it.
[[nodiscard]] inline CodePoint decode(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[at + i]); };
  const unsigned lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  if (lead < 0xC2 || lead > 0xF4) return {replacement_character, 1};
  const std::size_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  // Only the second byte has a narrower range: it keeps out overlong forms, surrogates and what lies above
  // U+10FFFF.
  const unsigned low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const unsigned high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  char32_t value = lead & (0xFFU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if (at + i >= text.size()) return {replacement_character, i};
    const unsigned next = byte(i);
    if (next < (i == 1 ? low : 0x80U) || next > (i == 1 ? high : 0xBFU)) return {replacement_character, i};
    value = (value << 6) | (next & 0x3FU);
  }
  return {value, length};
}

/// How many U+FFFD decode() puts in the place of bytes that are no UTF-8: 0 for a text that is read as it is.
[[nodiscard]] inline std::int64_t invalid_sequences(std::string_view text) {
  constexpr std::string_view replacement = "\xEF\xBF\xBD";
  std::int64_t count = 0;
  for (std::size_t at = 0; at < text.size();) {
    if (static_cast<unsigned char>(text[at]) < 0x80) {
      ++at;
      continue;
    }
    const auto point = decode(text, at);
    if (point.value == replacement_character && text.substr(at, point.bytes) != replacement) ++count;
    at += point.bytes;
  }
  return count;
}

/// Appends the UTF-8 of a code point (at most U+10FFFF).
inline void encode(char32_t value, std::string& out) {
  const auto put = [&](char32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (value < 0x80) {
    put(value);
  } else if (value < 0x800) {
    put(0xC0 | (value >> 6));
    put(0x80 | (value & 0x3F));
  } else if (value < 0x10000) {
    put(0xE0 | (value >> 12));
    put(0x80 | ((value >> 6) & 0x3F));
    put(0x80 | (value & 0x3F));
  } else {
    put(0xF0 | (value >> 18));
    put(0x80 | ((value >> 12) & 0x3F));
    put(0x80 | ((value >> 6) & 0x3F));
    put(0x80 | (value & 0x3F));
  }
}

}  // namespace dream::text
