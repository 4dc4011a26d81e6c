#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace dream::lexical {

/// What is left of a text when only letters and digits count: case-folded, compatibility forms taken apart
/// (the ligature "ﬁ" is f, i), accents and all else dropped. Two texts that differ in white space, hyphens,
/// quotes or markup alone have equal letters.
struct Letters {
  std::u32string text;
  /// begin[i], end[i]: the bytes of the original's character that letter i comes from.
  std::vector<std::int64_t> begin;
  std::vector<std::int64_t> end;
};

/// Invalid UTF-8 is skipped. O(bytes).
[[nodiscard]] Letters letters_of(std::string_view utf8);

/// Letters without their places.
[[nodiscard]] std::u32string letters_only(std::string_view utf8);

}  // namespace dream::lexical
