#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace dream::text {

/// Bytes [begin, end) of the original text.
struct Span {
  std::int64_t begin = 0;
  std::int64_t end = 0;
};

/// Valid UTF-8 on its way from the original text to tokens, with the place that each byte came from. Spans
/// never go backwards.
struct AlignedText {
  std::string bytes;
  std::vector<Span> source;  ///< of each byte

  void append(char32_t c, Span from);
  /// Of bytes that are no UTF-8, U+FFFD.
  void append(std::string_view utf8, Span from);
  /// Bytes [begin, end) of another text, with their places.
  void append(const AlignedText& other, std::size_t begin, std::size_t end);
  /// The place of bytes [begin, end), which are not empty.
  [[nodiscard]] Span place(std::size_t begin, std::size_t end) const {
    return {source[begin].begin, source[end - 1].end};
  }
};

/// Bytes [begin, end) of a text, with what is no UTF-8 replaced by U+FFFD.
[[nodiscard]] AlignedText align(std::string_view text, std::size_t begin, std::size_t end);

/// Part of an AlignedText, in its bytes.
struct Range {
  std::size_t begin = 0;
  std::size_t end = 0;
};

/// A text and the parts of it that are cut into tokens, each by itself. No part is empty.
struct Pieces {
  AlignedText text;
  std::vector<Range> ranges;
};

}  // namespace dream::text
