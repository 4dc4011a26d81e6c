#include "corpus/normal_text.hpp"

#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>

#include <algorithm>

#include "base/errors.hpp"

namespace dream::corpus {
namespace {

constexpr UChar32 newline = '\n';
constexpr UChar32 nothing = -1;

bool is_unseen(UChar32 c) {
  return c == 0xAD || c == 0xFEFF || c == 0x200E || c == 0x200F || (c >= 0x202A && c <= 0x202E) ||
         (c >= 0x2066 && c <= 0x2069) || (c >= 0xE0000 && c <= 0xE007F);
}

UChar32 kept(UChar32 c) {
  if (c == '\n' || c == '\t') return c;
  if (c == '\f' || c == '\v' || c == '\r' || c == 0x85 || c == 0x2028 || c == 0x2029) return newline;
  if (is_unseen(c) || u_charType(c) == U_CONTROL_CHAR || U_IS_UNICODE_NONCHAR(c)) return nothing;
  return c;
}

bool is_plain_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return c == '\n' || c == '\t' || (c >= 0x20 && c < 0x7f); });
}

}  // namespace

std::string normal_text(std::string_view utf8) {
  if (is_plain_ascii(utf8)) return std::string(utf8);
  const auto source = icu::UnicodeString::fromUTF8({utf8.data(), static_cast<std::int32_t>(utf8.size())});
  icu::UnicodeString text;
  for (std::int32_t i = 0; i < source.length();) {
    const auto c = source.char32At(i);
    i += U16_LENGTH(c);
    if (c == '\r' && i < source.length() && source.charAt(i) == newline) continue;
    if (const auto k = kept(c); k != nothing) text.append(k);
  }
  UErrorCode code = U_ZERO_ERROR;
  const auto* nfc = icu::Normalizer2::getNFCInstance(code);
  DREAM_CHECK(U_SUCCESS(code) != 0, "ICU has no NFC data");
  const auto normal = nfc->normalize(text, code);
  DREAM_CHECK(U_SUCCESS(code) != 0, "ICU cannot normalise a text");
  std::string out;
  normal.toUTF8String(out);
  return out;
}

}  // namespace dream::corpus
