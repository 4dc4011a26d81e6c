#include "lexical/python_text.hpp"

#include <unicode/uchar.h>
#include <unicode/ustring.h>
#include <unicode/utf8.h>

#include <algorithm>

#include "base/errors.hpp"

namespace dream::lexical {
namespace {

std::string to_utf8(std::u16string_view wide) {
  UErrorCode status = U_ZERO_ERROR;
  std::string out(wide.size() * 3, '\0');  // a UTF-16 unit is three bytes at most
  std::int32_t length = 0;
  u_strToUTF8(out.data(), static_cast<std::int32_t>(out.size()), &length, wide.data(),
              static_cast<std::int32_t>(wide.size()), &status);
  DREAM_CHECK(U_SUCCESS(status), "ICU cannot write a text as UTF-8");
  out.resize(static_cast<std::size_t>(length));
  return out;
}

/// Calls at(character, its first byte, the byte after it).
template <class At>
void each(std::string_view utf8, At&& at) {
  const auto* bytes = utf8.data();
  const auto size = static_cast<std::int32_t>(utf8.size());
  for (std::int32_t i = 0; i < size;) {
    const auto begin = static_cast<std::size_t>(i);
    UChar32 c = 0;
    U8_NEXT_OR_FFFD(bytes, i, size, c);
    at(static_cast<char32_t>(c), begin, static_cast<std::size_t>(i));
  }
}

}  // namespace

std::string lower(std::string_view utf8) {
  UErrorCode status = U_ZERO_ERROR;
  std::u16string wide(utf8.size(), u'\0');  // UTF-16 never needs more units than UTF-8 has bytes
  std::int32_t length = 0;
  u_strFromUTF8WithSub(wide.data(), static_cast<std::int32_t>(wide.size()), &length, utf8.data(),
                       static_cast<std::int32_t>(utf8.size()), 0xFFFD, nullptr, &status);
  std::u16string small(static_cast<std::size_t>(length) * 3, u'\0');  // a letter becomes three units at most
  const auto size =
      u_strToLower(small.data(), static_cast<std::int32_t>(small.size()), wide.data(), length, "", &status);
  DREAM_CHECK(U_SUCCESS(status), "ICU cannot lower a text");
  return to_utf8(std::u16string_view(small).substr(0, static_cast<std::size_t>(size)));
}

bool is_space(char32_t c) {
  if (c < 0x80) return (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x20);
  return u_isUWhiteSpace(static_cast<UChar32>(c)) != 0;
}

bool is_word_character(char32_t c) {
  constexpr auto categories = U_GC_L_MASK | U_GC_N_MASK;
  return c == '_' || (U_GET_GC_MASK(static_cast<UChar32>(c)) & categories) != 0;
}

std::vector<std::string_view> split(std::string_view utf8) {
  std::vector<std::string_view> out;
  std::size_t begin = 0;
  each(utf8, [&](char32_t c, std::size_t first, std::size_t last) {
    if (!is_space(c)) return;
    if (first > begin) out.push_back(utf8.substr(begin, first - begin));
    begin = last;
  });
  if (begin < utf8.size()) out.push_back(utf8.substr(begin));
  return out;
}

std::string_view right_trimmed(std::string_view utf8) {
  std::size_t end = 0;
  each(utf8, [&](char32_t c, std::size_t, std::size_t last) {
    if (!is_space(c)) end = last;
  });
  return utf8.substr(0, end);
}

}  // namespace dream::lexical
