#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "text/bert_characters.hpp"
#include "text/tokenizer.hpp"
#include "text/utf8.hpp"

namespace dream::text {

/// A normalised word, and for each of its bytes the bytes of the original text that it came from.
struct BertWord {
  std::string bytes;
  std::vector<Token> source;  ///< of each byte; ids unused
  std::int64_t characters = 0;

  void clear() {
    bytes.clear();
    source.clear();
    characters = 0;
  }
};

/// Cuts a text into normalised words and hands each to a visitor: BERT's normaliser and pre-tokeniser in one
/// pass.
template <class Visit>
class BertWords {
 public:
  /// A word of more than `longest` characters is handed over with its first longest + 1 only, and its whole
  /// source.
  BertWords(const BertRules& rules, std::int64_t longest, Visit& visit)
      : rules_(rules), longest_(longest), visit_(visit) {}

  /// text[from, to) as a text of its own; words do not reach across calls.
  void run(std::string_view text, std::size_t from, std::size_t to) {
    const auto part = text.substr(0, to);
    for (std::size_t at = from; at < to;) {
      const auto byte = static_cast<unsigned char>(part[at]);
      if (byte < 0x80 && marks_.empty()) {
        ascii(byte, at++);
        continue;
      }
      const auto point = decode(part, at);
      begin_ = static_cast<std::int64_t>(at);
      end_ = static_cast<std::int64_t>(at + point.bytes);
      character(point.value);
      at += point.bytes;
    }
    flush_marks();
    flush();
  }

 private:
  struct Mark {
    char32_t value;
    int order;
  };

  /// Most text: no table of Unicode is asked.
  void ascii(unsigned char c, std::size_t at) {
    begin_ = static_cast<std::int64_t>(at);
    end_ = begin_ + 1;
    if (c > ' ' && c < 0x7F) {
      const bool capital = c >= 'A' && c <= 'Z';
      const bool letter = capital || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
      if (!letter) return alone(c);
      append(rules_.lowercase && capital ? c + 32U : c, begin_, end_);
    } else if (c == ' ') {
      flush();
    } else {
      character(c);
    }
  }

  void character(char32_t c) {
    if (rules_.clean) {
      const auto kind = clean(c);
      if (kind == BertClass::dropped) return;
      if (kind == BertClass::space) return between();
    }
    const bool word_of_its_own = rules_.ideographs && is_ideograph(c);
    if (word_of_its_own) between();
    if (!rules_.strip_accents) {
      lowered(c, begin_, end_);
    } else {
      const auto parts = decompose(c);
      for (int i = 0; i < parts.size; ++i) decomposed(parts.chars[i]);
    }
    if (word_of_its_own) between();
  }

  void between() {
    flush_marks();
    flush();
  }

  /// Marks after a letter have a canonical order; they wait until the next letter shows that all have come.
  void decomposed(char32_t c) {
    const int order = c < 0x300 ? 0 : combining_class(c);
    if (order == 0) flush_marks();
    if (is_accent(c)) return;
    if (order == 0) return lowered(c, begin_, end_);
    // No language stacks so many; without a bound a hostile document would make the sorting quadratic.
    if (marks_.size() >= 64) flush_marks();
    auto place = marks_.end();
    while (place != marks_.begin() && (place - 1)->order > order) --place;
    marks_.insert(place, {c, order});
    mark_sources_.push_back({0, begin_, end_});
  }

  void flush_marks() {
    if (marks_.empty()) return;
    // The order of the bytes stays that of the text: a word's source must begin with its first byte and end
    // with its last.
    for (std::size_t i = 0; i < marks_.size(); ++i)
      lowered(marks_[i].value, mark_sources_[i].begin, mark_sources_[i].end);
    marks_.clear();
    mark_sources_.clear();
  }

  void lowered(char32_t c, std::int64_t begin, std::int64_t end) {
    if (!rules_.lowercase) return placed(c, begin, end);
    const auto parts = lower(c);
    for (int i = 0; i < parts.size; ++i) placed(parts.chars[i], begin, end);
  }

  void placed(char32_t c, std::int64_t begin, std::int64_t end) {
    switch (split(c)) {
      case BertClass::space:
        return flush();
      case BertClass::punctuation:
        flush();
        append(c, begin, end);
        return flush();
      default:
        append(c, begin, end);
    }
  }

  void alone(char32_t c) {
    flush();
    append(c, begin_, end_);
    flush();
  }

  void append(char32_t c, std::int64_t begin, std::int64_t end) {
    if (word_.characters > longest_) {
      word_.source.back().end = end;
      return;
    }
    encode(c, word_.bytes);
    word_.source.resize(word_.bytes.size(), Token{0, begin, end});
    ++word_.characters;
  }

  void flush() {
    if (word_.characters == 0) return;
    visit_(static_cast<const BertWord&>(word_));
    word_.clear();
  }

  const BertRules& rules_;
  std::int64_t longest_;
  Visit& visit_;
  BertWord word_;
  std::vector<Mark> marks_;
  std::vector<Token> mark_sources_;
  std::int64_t begin_ = 0;
  std::int64_t end_ = 0;
};

}  // namespace dream::text
