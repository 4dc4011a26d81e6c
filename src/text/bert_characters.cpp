#include "text/bert_characters.hpp"

#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/utf16.h>

#include "base/errors.hpp"

namespace dream::text {
namespace {

UChar32 point(char32_t c) { return static_cast<UChar32>(c); }

bool assigned_in_unicode_8(char32_t c) {
  UVersionInfo age{};
  u_charAge(point(c), age);
  return age[0] >= 1 && age[0] <= 8;
}

/// Bit of the general category as of Unicode 8.0; 0 when the character is younger.
std::uint32_t category_8(char32_t c) {
  // Characters whose category was corrected since.
  switch (c) {
    case 0x1734:
      return U_GC_MN_MASK;
    case 0x1885:
    case 0x1886:
      return U_GC_LO_MASK;
    case 0xA9BD:
      return U_GC_MC_MASK;
    case 0x166D:
    case 0x111C9:
      return U_GC_PO_MASK;
    default:
      break;
  }
  const std::uint32_t category = U_GET_GC_MASK(point(c));
  // The age is asked only where it matters: it is the slower of the two.
  constexpr std::uint32_t used = U_GC_P_MASK | U_GC_MN_MASK | U_GC_CC_MASK | U_GC_CF_MASK | U_GC_CO_MASK;
  return (category & used) != 0 && assigned_in_unicode_8(c) ? category : 0;
}

/// Capitals that are younger than the oldest ICU that we build with.
char32_t young_lower(char32_t c) {
  if (c == 0x1C89) return 0x1C8A;
  if (c == 0xA7CB) return 0x264;
  if (c == 0xA7DC) return 0x19B;
  if (c == 0xA7CC || c == 0xA7CE || c == 0xA7D2 || c == 0xA7D4 || c == 0xA7DA) return c + 1;
  if (c >= 0x10D50 && c <= 0x10D65) return c + 0x20;
  if (c >= 0x16EA0 && c <= 0x16EB8) return c + 0x1B;
  return c;
}

const UNormalizer2& nfd() {
  UErrorCode status = U_ZERO_ERROR;
  const auto* instance = unorm2_getNFDInstance(&status);  // a constant of the library, not ours to free
  DREAM_CHECK(U_SUCCESS(status), u_errorName(status));
  return *instance;
}

}  // namespace

BertClass clean(char32_t c) {
  if (c == '\t' || c == '\n' || c == '\r') return BertClass::space;
  if (c == 0 || c == 0xFFFD) return BertClass::dropped;
  if (category_8(c) & (U_GC_CC_MASK | U_GC_CF_MASK | U_GC_CO_MASK)) return BertClass::dropped;
  return u_isUWhiteSpace(point(c)) ? BertClass::space : BertClass::letter;
}

BertClass split(char32_t c) {
  if (u_isUWhiteSpace(point(c))) return BertClass::space;
  const bool ascii_sign =
      (c >= 33 && c <= 47) || (c >= 58 && c <= 64) || (c >= 91 && c <= 96) || (c >= 123 && c <= 126);
  return ascii_sign || (category_8(c) & U_GC_P_MASK) ? BertClass::punctuation : BertClass::letter;
}

bool is_ideograph(char32_t c) {
  return (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3400 && c <= 0x4DBF) || (c >= 0x20000 && c <= 0x2A6DF) ||
         (c >= 0x2A700 && c <= 0x2B73F) || (c >= 0x2B740 && c <= 0x2B81F) || (c >= 0x2B920 && c <= 0x2CEAF) ||
         (c >= 0xF900 && c <= 0xFAFF) || (c >= 0x2F800 && c <= 0x2FA1F);
}

bool is_accent(char32_t c) { return (category_8(c) & U_GC_MN_MASK) != 0; }

Expansion decompose(char32_t c) {
  UChar units[8];
  UErrorCode status = U_ZERO_ERROR;
  const auto size = c == 0x11938 ? -1  // Unicode 13 made it composed; the rules are older
                                 : unorm2_getDecomposition(&nfd(), point(c), units, 8, &status);
  Expansion result;
  if (size < 0) {
    result.chars[result.size++] = c;
    return result;
  }
  DREAM_CHECK(U_SUCCESS(status), u_errorName(status));
  for (std::int32_t i = 0; i < size;) {
    UChar32 next = 0;
    U16_NEXT(units, i, size, next);
    DREAM_CHECK(result.size < 4,
                "Unicode's stability policy bounds canonical decompositions at 4 characters");
    result.chars[result.size++] = static_cast<char32_t>(next);
  }
  return result;
}

Expansion lower(char32_t c) {
  if (c == 0x130) return {{'i', 0x307}, 2};  // the only lower case of two characters
  const auto simple = static_cast<char32_t>(u_tolower(point(c)));
  return {{simple == c ? young_lower(c) : simple}, 1};
}

int combining_class(char32_t c) { return u_getCombiningClass(point(c)); }

}  // namespace dream::text
