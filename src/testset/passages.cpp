#include "testset/passages.hpp"

#include <algorithm>

#include "lexical/sentences.hpp"

namespace dream::testset {
namespace {

constexpr std::int64_t least_bytes = 120;  ///< of a passage: a sentence or two
constexpr double least_letters = 0.6;      ///< of its characters that are not white space

bool is_blank(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }

/// Whether a text is sentences and no table. Bytes of other scripts count as letters.
bool is_prose(std::string_view text) {
  std::int64_t letters = 0;
  std::int64_t all = 0;
  for (const char c : text) {
    if (is_blank(c)) continue;
    ++all;
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || static_cast<unsigned char>(c) >= 0x80) ++letters;
  }
  return all > 0 && static_cast<double>(letters) >= least_letters * static_cast<double>(all);
}

/// The end of a piece that begins at `begin` and has at most `max_bytes`: behind a blank when there is one,
/// else between characters.
std::int64_t cut_at(std::string_view text, std::int64_t begin, std::int64_t max_bytes) {
  auto end = begin + max_bytes;
  if (end >= std::ssize(text)) return std::ssize(text);
  for (auto at = end; at > begin + max_bytes / 2; --at) {
    if (is_blank(text[static_cast<std::size_t>(at)])) return at;
  }
  while (end > begin + 1 && (static_cast<unsigned char>(text[static_cast<std::size_t>(end)]) & 0xC0) == 0x80)
    --end;
  return end;
}

/// Sentences of at most `max_bytes`, as places in `text`.
std::vector<Span> short_sentences(std::string_view text, std::int64_t max_bytes) {
  std::vector<Span> out;
  for (const auto sentence : lexical::sentences(text)) {
    const auto first = sentence.data() - text.data();
    for (std::int64_t at = 0; at < std::ssize(sentence);) {
      const auto end = cut_at(sentence, at, max_bytes);
      out.push_back({first + at, first + end});
      at = end;
      while (at < std::ssize(sentence) && is_blank(sentence[static_cast<std::size_t>(at)])) ++at;
    }
  }
  return out;
}

}  // namespace

std::vector<Span> passages_of(std::string_view text, std::int64_t max_bytes) {
  std::vector<Span> passages;
  const auto keep = [&](const Span& span) {
    const auto passage =
        text.substr(static_cast<std::size_t>(span.begin), static_cast<std::size_t>(span.size()));
    if (span.size() >= least_bytes && is_prose(passage)) passages.push_back(span);
  };
  Span open;
  for (const auto& sentence : short_sentences(text, max_bytes)) {
    if (open.size() == 0) {
      open = sentence;
    } else if (sentence.end - open.begin <= max_bytes) {
      open.end = sentence.end;
    } else {
      keep(open);
      open = sentence;
    }
  }
  keep(open);
  return passages;
}

std::string opening_of(std::string_view text, std::int64_t max_bytes) {
  const auto begin = text.substr(0, static_cast<std::size_t>(cut_at(text, 0, max_bytes)));
  std::string out;
  for (const char c : begin) {
    if (!is_blank(c))
      out += c;
    else if (!out.empty() && out.back() != ' ')
      out += ' ';
  }
  return out;
}

WordSet content_words(lexical::Stemmer& stemmer, std::string_view text) {
  WordSet set;
  for (const auto& word : lexical::words(text)) {
    if (!lexical::is_stop_word(word)) set.push_back(stemmer.stem(word));
  }
  std::ranges::sort(set);
  set.erase(std::unique(set.begin(), set.end()), set.end());
  return set;
}

double similarity(const WordSet& a, const WordSet& b) {
  std::int64_t common = 0;
  for (auto x = a.begin(), y = b.begin(); x != a.end() && y != b.end();) {
    const auto order = x->compare(*y);
    if (order == 0) ++common;
    if (order <= 0) ++x;
    if (order >= 0) ++y;
  }
  const auto all = std::ssize(a) + std::ssize(b) - common;
  return all == 0 ? 0 : static_cast<double>(common) / static_cast<double>(all);
}

}  // namespace dream::testset
