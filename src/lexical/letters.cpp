#include "lexical/letters.hpp"

#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/utf16.h>
#include <unicode/utf8.h>

#include "base/errors.hpp"

namespace dream::lexical {
namespace {

const UNormalizer2* case_folding() {
  UErrorCode status = U_ZERO_ERROR;
  const auto* normalizer = unorm2_getNFKCCasefoldInstance(&status);
  DREAM_CHECK(U_SUCCESS(status), "ICU has no NFKC case folding data");
  return normalizer;
}

/// Calls emit(letter) for each letter or digit that `c` folds to.
template <class Emit>
void fold(const UNormalizer2* normalizer, UChar32 c, Emit&& emit) {
  if (c < 0x80) {  // most of most texts; the table look-ups below are ten times slower
    if (c >= 'A' && c <= 'Z') emit(static_cast<char32_t>(c - 'A' + 'a'));
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) emit(static_cast<char32_t>(c));
    return;
  }
  UErrorCode status = U_ZERO_ERROR;
  UChar mapped[32];
  const auto length = unorm2_getDecomposition(normalizer, c, mapped, 32, &status);
  if (length < 0 || U_FAILURE(status)) {
    if (u_isalnum(c)) emit(static_cast<char32_t>(c));
    return;
  }
  for (std::int32_t i = 0; i < length;) {
    UChar32 part = 0;
    U16_NEXT(mapped, i, length, part);
    if (u_isalnum(part)) emit(static_cast<char32_t>(part));
  }
}

template <class Emit>
void walk(std::string_view utf8, Emit&& emit) {
  const auto* normalizer = case_folding();
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(utf8.data());
  const auto size = static_cast<std::int64_t>(utf8.size());
  for (std::int64_t at = 0; at < size;) {
    const auto begin = at;
    UChar32 c = 0;
    U8_NEXT(bytes, at, size, c);
    if (c >= 0) fold(normalizer, c, [&](char32_t letter) { emit(letter, begin, at); });
  }
}

}  // namespace

Letters letters_of(std::string_view utf8) {
  Letters out;
  walk(utf8, [&out](char32_t letter, std::int64_t begin, std::int64_t end) {
    out.text.push_back(letter);
    out.begin.push_back(begin);
    out.end.push_back(end);
  });
  return out;
}

std::u32string letters_only(std::string_view utf8) {
  std::u32string out;
  walk(utf8, [&out](char32_t letter, std::int64_t, std::int64_t) { out.push_back(letter); });
  return out;
}

}  // namespace dream::lexical
