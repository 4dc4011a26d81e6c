#include "text/added_tokens.hpp"

#include <unicode/uchar.h>

#include <algorithm>

#include "text/utf8.hpp"

namespace dream::text {
namespace {

using Entries = std::vector<std::pair<std::string_view, std::int32_t>>;

Entries entries(const std::vector<AddedToken>& tokens) {
  Entries result;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (!tokens[i].content.empty()) result.emplace_back(tokens[i].content, static_cast<std::int32_t>(i));
  }
  return result;
}

bool is_space(char32_t c) { return u_isUWhiteSpace(static_cast<UChar32>(c)) != 0; }

/// \w of regular expressions (UTS #18, annex C).
bool is_word(char32_t c) {
  const auto point = static_cast<UChar32>(c);
  const auto mask = U_GET_GC_MASK(point);
  return u_hasBinaryProperty(point, UCHAR_ALPHABETIC) != 0 ||
         (mask & (U_GC_M_MASK | U_GC_ND_MASK | U_GC_PC_MASK)) != 0 ||
         u_hasBinaryProperty(point, UCHAR_JOIN_CONTROL) != 0;
}

/// The last character before `end`, with its length; none at the beginning or behind bytes that are no UTF-8.
CodePoint before(std::string_view text, std::size_t end) {
  for (std::size_t bytes = 1; bytes <= std::min<std::size_t>(4, end); ++bytes) {
    if ((static_cast<unsigned char>(text[end - bytes]) & 0xC0U) == 0x80) continue;
    const auto point = decode(text.substr(0, end), end - bytes);
    return point.bytes == bytes ? point : CodePoint{};
  }
  return {};
}

bool inside_a_word(std::string_view text, std::size_t begin, std::size_t end) {
  if (begin > 0 && is_word(before(text, begin).value)) return true;
  return end < text.size() && is_word(decode(text, end).value);
}

}  // namespace

AddedTokens::AddedTokens(std::vector<AddedToken> tokens)
    : tokens_(std::move(tokens)), trie_(entries(tokens_)) {
  for (const auto& [content, index] : entries(tokens_)) {
    if (first_bytes_.find(content.front()) == std::string::npos) first_bytes_ += content.front();
  }
}

std::vector<AddedTokens::Found> AddedTokens::find(std::string_view text) const {
  std::vector<Found> found;
  std::size_t done = 0;  // what earlier tokens have taken
  for (auto at = text.find_first_of(first_bytes_); at < text.size();
       at = text.find_first_of(first_bytes_, at)) {
    const auto match = trie_.longest(text.substr(at));
    if (match.id < 0) {
      ++at;
      continue;
    }
    const auto& token = tokens_[static_cast<std::size_t>(match.id)];
    auto begin = at;
    auto end = at + match.bytes;
    at = end;
    if (token.single_word && inside_a_word(text, begin, end)) continue;
    if (token.lstrip) {
      for (auto c = before(text, begin); begin > done && c.bytes > 0 && is_space(c.value);
           c = before(text, begin))
        begin -= c.bytes;
    }
    if (token.rstrip) {
      for (; end < text.size(); end += decode(text, end).bytes) {
        if (!is_space(decode(text, end).value)) break;
      }
    }
    begin = std::max(begin, done);
    if (end <= begin) continue;
    found.push_back({token.id, begin, end});
    done = end;
  }
  return found;
}

}  // namespace dream::text
