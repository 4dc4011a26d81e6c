#include "text/gpt_words.hpp"

#include <unicode/uchar.h>

#include "text/utf8.hpp"

namespace dream::text {
namespace {

enum class Kind { letter, number, space, other, none };

Kind kind_of(char32_t c) {
  if (c < 0x80) {
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) return Kind::letter;
    if (c >= '0' && c <= '9') return Kind::number;
    return c == ' ' || (c >= '\t' && c <= '\r') ? Kind::space : Kind::other;
  }
  const auto point = static_cast<UChar32>(c);
  const auto mask = U_GET_GC_MASK(point);
  if ((mask & U_GC_L_MASK) != 0) return Kind::letter;
  if ((mask & U_GC_N_MASK) != 0) return Kind::number;
  return u_isUWhiteSpace(point) != 0 ? Kind::space : Kind::other;
}

bool is_newline(char32_t c) { return c == '\r' || c == '\n'; }

/// Walks over one text.
struct Cursor {
  std::string_view text;
  std::size_t at;

  [[nodiscard]] bool done() const { return at >= text.size(); }
  [[nodiscard]] char32_t value() const { return decode(text, at).value; }
  [[nodiscard]] Kind kind() const { return done() ? Kind::none : kind_of(value()); }
  [[nodiscard]] Cursor next() const { return {text, at + decode(text, at).bytes}; }
  /// Behind the characters of one kind, at most that many.
  [[nodiscard]] Cursor behind(Kind kind_of_run, std::size_t most = static_cast<std::size_t>(-1)) const {
    auto cursor = *this;
    for (std::size_t i = 0; i < most && cursor.kind() == kind_of_run; ++i) cursor = cursor.next();
    return cursor;
  }
};

/// The length of 's, 't, 're, 've, 'm, 'll or 'd at this place, or 0.
std::size_t contraction(std::string_view rest, bool any_case) {
  if (rest.size() < 2 || rest.front() != '\'') return 0;
  const auto lower = [&](std::size_t i) {
    const char c = i < rest.size() ? rest[i] : '\0';
    return any_case && c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  };
  const char first = lower(1);
  if (first == 's' || first == 't' || first == 'm' || first == 'd') return 2;
  // U+017F, the long s, is an s in another case.
  if (any_case && rest.substr(1).starts_with("\u017f")) return 3;
  const char second = lower(2);
  return (first == 'r' && second == 'e') || (first == 'v' && second == 'e') || (first == 'l' && second == 'l')
             ? 3
             : 0;
}

/// A run of white space gives its last character to the word that follows; alone it goes by itself.
std::size_t space_end(Cursor begin) {
  auto last = begin;
  for (auto next = begin.next(); next.kind() == Kind::space; next = next.next()) last = next;
  const auto end = last.next();
  return end.done() || last.at == begin.at ? end.at : last.at;
}

std::size_t gpt2_end(Cursor begin) {
  if (const auto bytes = contraction(begin.text.substr(begin.at), false); bytes > 0) return begin.at + bytes;
  const auto word = begin.value() == ' ' ? begin.next() : begin;
  const auto kind = word.kind();
  return kind == Kind::space || kind == Kind::none ? space_end(begin) : word.behind(kind).at;
}

/// White space up to its last line break, where it has one, is a word.
std::size_t cl100k_space_end(Cursor begin, bool whole_at_the_end) {
  std::size_t newline = 0;
  auto cursor = begin;
  for (; cursor.kind() == Kind::space; cursor = cursor.next()) {
    if (is_newline(cursor.value())) newline = cursor.at + 1;
  }
  if (cursor.done() && whole_at_the_end) return cursor.at;
  return newline > 0 ? newline : space_end(begin);
}

std::size_t cl100k_end(Cursor begin, bool whole_at_the_end) {
  if (const auto bytes = contraction(begin.text.substr(begin.at), true); bytes > 0) return begin.at + bytes;
  const auto first = begin.value();
  const auto kind = begin.kind();
  if (kind == Kind::letter) return begin.behind(Kind::letter).at;
  if (kind == Kind::number) return begin.behind(Kind::number, 3).at;
  const auto second = begin.next();
  if (!is_newline(first) && second.kind() == Kind::letter) return second.behind(Kind::letter).at;
  if (kind == Kind::other || (first == ' ' && second.kind() == Kind::other)) {
    auto cursor = second.behind(Kind::other);
    while (!cursor.done() && is_newline(cursor.value())) cursor = cursor.next();
    return cursor.at;
  }
  return cl100k_space_end(begin, whole_at_the_end);
}

}  // namespace

std::size_t gpt_word_end(GptPattern pattern, std::string_view text, std::size_t at) {
  const Cursor begin{text, at};
  return pattern == GptPattern::gpt2 ? gpt2_end(begin) : cl100k_end(begin, pattern == GptPattern::tiktoken);
}

}  // namespace dream::text
