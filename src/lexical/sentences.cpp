#include "lexical/sentences.hpp"

#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <string>

namespace dream::lexical {
namespace {

// Words before a point that a sentence seldom ends with. Small letters, sorted.
constexpr std::array<std::string_view, 50> abbreviations{
    "a.m", "al",   "approx", "apr", "aug", "ave",  "bros", "ca",  "capt", "cf",   "co",  "col", "corp",
    "dec", "dept", "dr",     "e.g", "ed",  "eds",  "est",  "feb", "fig",  "figs", "gen", "gov", "i.e",
    "inc", "jan",  "jr",     "lt",  "ltd", "maj",  "mr",   "mrs", "ms",   "mt",   "no",  "nov", "oct",
    "p.m", "pp",   "prof",   "rev", "sen", "sept", "sgt",  "sr",  "st",   "u.s",  "vs"};
static_assert(std::is_sorted(abbreviations.begin(), abbreviations.end()));

/// A place in a text that moves by code points.
struct Cursor {
  std::string_view text;
  std::int64_t at = 0;

  [[nodiscard]] bool done() const { return at >= static_cast<std::int64_t>(text.size()); }
  [[nodiscard]] UChar32 peek() const {
    Cursor copy = *this;
    return copy.next();
  }
  UChar32 next() {
    UChar32 c = 0;
    U8_NEXT_OR_FFFD(reinterpret_cast<const std::uint8_t*>(text.data()), at,
                    static_cast<std::int64_t>(text.size()), c);
    return c;
  }
};

bool is_space(UChar32 c) { return c < 0x80 ? c == ' ' || (c >= 9 && c <= 13) : u_isUWhiteSpace(c) != 0; }

bool ends_western(UChar32 c) { return c == '.' || c == '!' || c == '?' || c == 0x2026; }

/// Marks that end a sentence without a space behind them or by themselves: CJK, Devanagari, Arabic, Urdu,
/// Burmese.
bool ends_always(UChar32 c) {
  return c == 0x3002 || c == 0xFF01 || c == 0xFF1F || c == 0xFF61 || c == 0x0964 || c == 0x0965 ||
         c == 0x061F || c == 0x06D4 || c == 0x104A || c == 0x104B;
}

bool closes(UChar32 c) {
  if (c == '"' || c == '\'' || c == ')' || c == ']' || c == '}' || c == '*' || c == '_') return true;
  return c >= 0x80 && (U_GET_GC_MASK(c) & (U_GC_PE_MASK | U_GC_PF_MASK)) != 0;
}

/// The word that ends before byte `end`, in small letters, points inside it included.
std::string word_before(std::string_view text, std::size_t begin, std::size_t end) {
  auto start = end;
  while (start > begin &&
         (std::isalpha(static_cast<unsigned char>(text[start - 1])) || text[start - 1] == '.'))
    --start;
  std::string word(text.substr(start, end - start));
  std::transform(word.begin(), word.end(), word.begin(), [](unsigned char c) { return std::tolower(c); });
  return word;
}

bool is_abbreviation(std::string_view text, std::size_t begin, std::size_t point, UChar32 next) {
  const auto word = word_before(text, begin, point);
  if (word == "no") return u_isdigit(next) != 0;  // "No. 5", but "No. It was not."
  const bool initial = word.size() == 1 && word != "i";
  return initial || std::binary_search(abbreviations.begin(), abbreviations.end(), word);
}

/// Whether the line that starts at `at` begins something of its own: a list item, a heading, a table row.
bool starts_block(std::string_view text, std::size_t at) {
  while (at < text.size() && (text[at] == ' ' || text[at] == '\t')) ++at;
  const auto rest = text.substr(at);
  if (rest.empty()) return false;
  if (rest[0] == '#' || rest[0] == '|') return true;
  if (rest.size() > 1 && (rest[0] == '-' || rest[0] == '*' || rest[0] == '+') && rest[1] == ' ') return true;
  if (rest.rfind("\xE2\x80\xA2", 0) == 0) return true;  // the bullet sign
  std::size_t digits = 0;
  while (digits < rest.size() && digits < 3 && std::isdigit(static_cast<unsigned char>(rest[digits])))
    ++digits;
  return digits > 0 && digits + 1 < rest.size() && (rest[digits] == '.' || rest[digits] == ')') &&
         rest[digits + 1] == ' ';
}

/// White space from `cursor` on; true when it ends a block (blank line, or a line that starts a new one).
bool skip_space(Cursor& cursor) {
  int lines = 0;
  while (!cursor.done() && is_space(cursor.peek())) {
    const auto c = cursor.next();
    if (c == '\n' || c == 0x2029 || c == '\f') ++lines;
    if (c == 0x2029 || c == '\f') ++lines;
    if (c == '\n' && starts_block(cursor.text, static_cast<std::size_t>(cursor.at))) lines += 2;
  }
  return lines > 1;
}

class Splitter {
 public:
  explicit Splitter(std::string_view text) : cursor_{text} {}

  std::vector<std::string_view> split() {
    skip_space(cursor_);
    begin_ = end_ = static_cast<std::size_t>(cursor_.at);
    while (!cursor_.done()) step();
    cut();
    return std::move(out_);
  }

 private:
  void step() {
    if (is_space(cursor_.peek())) {
      if (skip_space(cursor_)) cut();
      return;
    }
    const auto point = static_cast<std::size_t>(cursor_.at);
    const auto c = cursor_.next();
    end_ = static_cast<std::size_t>(cursor_.at);
    if (ends_always(c)) {
      take_closing();
      cut();
    } else if (ends_western(c)) {
      end_western(c, point);
    }
  }

  void end_western(UChar32 first, std::size_t point) {
    bool only_point = first == '.';
    while (!cursor_.done() && ends_western(cursor_.peek())) {
      cursor_.next();
      only_point = false;
    }
    take_closing();
    if (cursor_.done() || !is_space(cursor_.peek())) return;  // "3.5", "example.com"
    const bool block = skip_space(cursor_);
    if (!block) {
      if (!cursor_.done() && u_islower(cursor_.peek())) return;
      if (only_point && is_abbreviation(cursor_.text, begin_, point, cursor_.done() ? 0 : cursor_.peek()))
        return;
    }
    cut();
  }

  void take_closing() {
    while (!cursor_.done() && closes(cursor_.peek())) cursor_.next();
    end_ = static_cast<std::size_t>(cursor_.at);
  }

  /// Ends the sentence at end_; the next one begins at the cursor, behind white space.
  void cut() {
    if (end_ > begin_) out_.push_back(cursor_.text.substr(begin_, end_ - begin_));
    skip_space(cursor_);
    begin_ = end_ = static_cast<std::size_t>(cursor_.at);
  }

  Cursor cursor_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::vector<std::string_view> out_;
};

}  // namespace

std::vector<std::string_view> sentences(std::string_view utf8) { return Splitter(utf8).split(); }

}  // namespace dream::lexical
