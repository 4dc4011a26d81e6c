#include "corpus/pdf_lines.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace dream::corpus {
namespace {

/// Letters and digits of any script: every byte of a character beyond ASCII counts, which errs on the side of
/// one word too long, and then no word is joined.
bool is_word(char c) {
  const auto u = static_cast<unsigned char>(c);
  return u >= 0x80 || (u >= '0' && u <= '9') || (u >= 'a' && u <= 'z') || (u >= 'A' && u <= 'Z');
}

bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }

std::string folded(std::string_view word) {
  std::string out(word);
  for (auto& c : out) {
    if (is_upper(c)) c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  for (std::size_t begin = 0; begin <= text.size();) {
    const auto end = std::min(text.find('\n', begin), text.size());
    lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

constexpr std::array<std::pair<std::string_view, std::string_view>, 8> replacements{{{"\xEF\xAC\x80", "ff"},
                                                                                     {"\xEF\xAC\x81", "fi"},
                                                                                     {"\xEF\xAC\x82", "fl"},
                                                                                     {"\xEF\xAC\x83", "ffi"},
                                                                                     {"\xEF\xAC\x84", "ffl"},
                                                                                     {"\xEF\xAC\x85", "st"},
                                                                                     {"\xEF\xAC\x86", "st"},
                                                                                     {"\xC2\xA0", " "}}};

/// Ligatures as letters (people search for "office", not for its glyphs), runs of blanks as one.
std::string plain_line(std::string_view line) {
  std::string out;
  out.reserve(line.size());
  while (!line.empty()) {
    std::string_view next = line.substr(0, 1);
    line.remove_prefix(1);
    for (const auto& [from, to] : replacements) {
      if (next[0] == from[0] && line.substr(0, from.size() - 1) == from.substr(1)) {
        next = to;
        line.remove_prefix(from.size() - 1);
        break;
      }
    }
    if (next == " " || next == "\t") {
      if (!out.empty() && out.back() != ' ') out += ' ';
    } else {
      out += next;
    }
  }
  while (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

std::string_view last_word(std::string_view line) {
  auto begin = line.size();
  while (begin > 0 && (is_word(line[begin - 1]) || line[begin - 1] == '-')) --begin;
  return line.substr(begin);
}

std::string_view first_word(std::string_view line) {
  std::size_t end = 0;
  while (end < line.size() && (is_word(line[end]) || line[end] == '-')) ++end;
  return line.substr(0, end);
}

/// How the end of `line` meets the start of `next`.
enum class Seam { line_end, join, join_with_hyphen };

Seam seam(std::string_view line, std::string_view next, const WordTable& words) {
  if (line.size() < 2 || line.back() != '-' || !is_word(line[line.size() - 2]) || next.empty() ||
      !is_word(next[0])) {
    return Seam::line_end;
  }
  const std::string head(last_word(line));
  const std::string tail(first_word(next));
  if (words.has(head + tail)) return Seam::join_with_hyphen;
  const auto stem = head.substr(0, head.size() - 1);
  if (words.has(stem + tail)) return Seam::join;
  // "discov-\nered": two pieces that are no words by themselves; in "trace-\nbased" they are, and the hyphen
  // may be real.
  if (tail[0] >= 'a' && tail[0] <= 'z' && !words.has(stem) && !words.has(tail)) return Seam::join;
  return Seam::line_end;
}

/// The width of the text column: what nine lines of ten do not pass.
std::size_t column_width(const std::vector<std::string>& lines) {
  std::vector<std::size_t> widths;
  for (const auto& line : lines) widths.push_back(line.size());
  const auto at = widths.begin() + static_cast<std::ptrdiff_t>(widths.size() * 9 / 10);
  std::nth_element(widths.begin(), at, widths.end());
  return *at;
}

bool ends_paragraph(std::string_view line, std::string_view next, std::size_t width) {
  constexpr std::size_t narrowest = 30;  // labels and table cells are no paragraphs
  return width >= narrowest && line.size() * 5 < width * 4 && ends_sentence(line) && !next.empty() &&
         !(next[0] >= 'a' && next[0] <= 'z');
}

}  // namespace

WordTable::WordTable(const std::vector<std::string>& pages) {
  for (const auto& page : pages) {
    bool after_cut = false;
    for (const auto line : lines_of(page)) after_cut = add_line(plain_line(line), after_cut);
  }
}

bool WordTable::add_line(std::string_view line, bool after_cut) {
  bool cut = false;
  for (std::size_t i = 0; i < line.size();) {
    const auto word = first_word(line.substr(i));
    // The pieces of a cut word are no words: the last of a line that ends in a hyphen, and the first of the
    // next.
    cut = i + word.size() == line.size() && !word.empty() && word.back() == '-';
    if (!word.empty() && !cut && !(after_cut && i == 0)) words_.insert(folded(word));
    i += word.size() + 1;
  }
  return cut;
}

bool WordTable::has(std::string_view word) const { return words_.contains(folded(word)); }

bool ends_sentence(std::string_view text) {
  static constexpr std::array<std::string_view, 6> closing{"\"",           "'",           ")", "]",
                                                           "\xE2\x80\x9D", "\xE2\x80\x99"};
  static constexpr std::array<std::string_view, 9> ends{
      ".", "!", "?", ":", "\xE3\x80\x82", "\xEF\xBC\x81", "\xEF\xBC\x9F", "\xD8\x9F", "\xE0\xA5\xA4"};
  for (bool again = true; again;) {
    again = false;
    for (const auto mark : closing) {
      if (!text.ends_with(mark)) continue;
      text.remove_suffix(mark.size());
      again = true;
    }
  }
  return std::any_of(ends.begin(), ends.end(), [&](std::string_view mark) { return text.ends_with(mark); });
}

std::string flow_lines(std::string_view page, const WordTable& words) {
  std::vector<std::string> lines;
  for (const auto line : lines_of(page)) lines.push_back(plain_line(line));
  const auto width = column_width(lines);
  std::string out;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const auto& line = lines[i];
    out += line;
    if (i + 1 == lines.size()) break;
    switch (seam(line, lines[i + 1], words)) {
      case Seam::join:
        out.pop_back();
        break;
      case Seam::join_with_hyphen:
        break;
      case Seam::line_end:
        out += ends_paragraph(line, lines[i + 1], width) ? "\n\n" : "\n";
        break;
    }
  }
  return out;
}

}  // namespace dream::corpus
