#include "text/pretokeniser.hpp"

#include <unicode/uchar.h>

#include "text/bert_characters.hpp"
#include "text/utf8.hpp"

namespace dream::text {
namespace {

/// Cuts every part where kind(character) says so.
template <class KindOf>
Pieces cut_by_character(Pieces pieces, KindOf kind_of) {
  std::vector<Range> ranges;
  for (const auto& range : pieces.ranges) {
    auto begin = range.begin;
    const auto flush = [&](std::size_t end) {
      if (begin < end) ranges.push_back({begin, end});
    };
    for (auto at = range.begin; at < range.end;) {
      const auto point = decode(pieces.text.bytes, at);
      const auto next = at + point.bytes;
      const auto kind = kind_of(point.value);
      if (kind != BertClass::letter) {
        flush(at);
        if (kind == BertClass::punctuation) ranges.push_back({at, next});
        begin = next;
      }
      at = next;
    }
    flush(range.end);
  }
  pieces.ranges = std::move(ranges);
  return pieces;
}

BertClass white_or_letter(char32_t c) {
  if (c < 0x80) return c == ' ' || (c >= '\t' && c <= '\r') ? BertClass::space : BertClass::letter;
  return u_isUWhiteSpace(static_cast<UChar32>(c)) != 0 ? BertClass::space : BertClass::letter;
}

}  // namespace

Pretokeniser whitespace_split() {
  return [](Pieces pieces) { return cut_by_character(std::move(pieces), white_or_letter); };
}

Pretokeniser bert_pretokeniser() {
  return [](Pieces pieces) { return cut_by_character(std::move(pieces), split); };
}

Pretokeniser gpt_split(GptPattern pattern) {
  return [pattern](Pieces pieces) {
    std::vector<Range> ranges;
    for (const auto& range : pieces.ranges) {
      const auto part = std::string_view(pieces.text.bytes).substr(0, range.end);
      for (auto at = range.begin; at < range.end; at = ranges.back().end)
        ranges.push_back({at, gpt_word_end(pattern, part, at)});
    }
    pieces.ranges = std::move(ranges);
    return pieces;
  };
}

Pretokeniser prefix_space() {
  return [](const Pieces& pieces) {
    Pieces result;
    for (const auto& range : pieces.ranges) {
      const auto begin = result.text.bytes.size();
      const auto first = pieces.text.source[range.begin];
      if (pieces.text.bytes[range.begin] != ' ') result.text.append(U' ', first);
      result.text.append(pieces.text, range.begin, range.end);
      result.ranges.push_back({begin, result.text.bytes.size()});
    }
    return result;
  };
}

Pretokeniser metaspace(std::string replacement, Prepend prepend, bool split_there) {
  return [replacement, prepend, split_there](const Pieces& pieces) {
    Pieces result;
    result.text.bytes.reserve(pieces.text.bytes.size() * 3 / 2);
    result.text.source.reserve(pieces.text.bytes.size() * 3 / 2);
    for (const auto& range : pieces.ranges) {
      const auto part = std::string_view(pieces.text.bytes).substr(range.begin, range.end - range.begin);
      const auto first = pieces.text.source[range.begin];
      auto begin = result.text.bytes.size();
      const auto boundary = [&] {
        const auto here = result.text.bytes.size();
        if (split_there && begin < here) {
          result.ranges.push_back({begin, here});
          begin = here;
        }
      };
      const bool wanted = prepend == Prepend::always || (prepend == Prepend::first && first.begin == 0);
      if (wanted && part.front() != ' ' && !part.starts_with(replacement))
        result.text.append(replacement, first);
      for (std::size_t at = 0; at < part.size();) {
        const bool space = part[at] == ' ';
        const bool marks = space || part.substr(at).starts_with(replacement);
        const auto bytes = space ? 1 : marks ? replacement.size() : decode(part, at).bytes;
        const auto from = range.begin + at;
        if (marks) boundary();
        if (space)
          result.text.append(replacement, pieces.text.place(from, from + 1));
        else
          result.text.append(pieces.text, from, from + bytes);
        at += bytes;
      }
      if (begin < result.text.bytes.size()) result.ranges.push_back({begin, result.text.bytes.size()});
    }
    return result;
  };
}

Pretokeniser in_sequence(std::vector<Pretokeniser> steps) {
  return [steps = std::move(steps)](Pieces pieces) {
    for (const auto& step : steps) pieces = step(std::move(pieces));
    return pieces;
  };
}

}  // namespace dream::text
