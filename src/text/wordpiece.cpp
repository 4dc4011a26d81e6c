#include "text/wordpiece.hpp"

#include <unicode/uversion.h>

#include <algorithm>

#include "base/errors.hpp"
#include "text/bert_words.hpp"

namespace dream::text {
namespace {

using Entries = std::vector<std::pair<std::string_view, std::int32_t>>;

/// The vocabulary, or the part of it that begins with `prefix`, which is left out.
Entries entries(const std::vector<std::string>& vocabulary, std::string_view prefix) {
  Entries result;
  for (std::size_t id = 0; id < vocabulary.size(); ++id) {
    const std::string_view spelling = vocabulary[id];
    if (spelling.size() <= prefix.size() || !spelling.starts_with(prefix)) continue;
    result.emplace_back(spelling.substr(prefix.size()), static_cast<std::int32_t>(id));
  }
  return result;
}

std::int32_t id_of(const std::vector<std::string>& vocabulary, const std::string& spelling) {
  const auto found = std::find(vocabulary.rbegin(), vocabulary.rend(), spelling);
  DREAM_CHECK(found != vocabulary.rend(), "the vocabulary lacks " + spelling);
  return static_cast<std::int32_t>(vocabulary.rend() - found) - 1;
}

}  // namespace

WordPiece::WordPiece(WordPieceSpec spec)
    : spec_(std::move(spec)),
      first_(entries(spec_.vocabulary, "")),
      later_(entries(spec_.vocabulary, spec_.prefix)),
      unknown_(id_of(spec_.vocabulary, spec_.unknown)),
      cls_(id_of(spec_.vocabulary, "[CLS]")),
      sep_(id_of(spec_.vocabulary, "[SEP]")) {
  // Of two that begin alike the longer one is meant.
  std::stable_sort(spec_.added.begin(), spec_.added.end(),
                   [](const auto& a, const auto& b) { return a.content.size() > b.content.size(); });
}

Digest WordPiece::identity() const {
  UVersionInfo unicode{};
  u_getVersion(unicode);
  Hasher hasher("tokenizer/wordpiece");
  hasher.add(1).add(unicode[0]).add(spec_.unknown).add(spec_.prefix).add(spec_.longest_word);
  for (const bool rule :
       {spec_.rules.clean, spec_.rules.ideographs, spec_.rules.strip_accents, spec_.rules.lowercase}) {
    hasher.add(rule ? 1 : 0);
  }
  hasher.add(static_cast<std::int64_t>(spec_.added.size()));
  for (const auto& token : spec_.added) hasher.add(token.content).add(token.id);
  for (const auto& spelling : spec_.vocabulary) hasher.add(spelling);
  return hasher.finish();
}

const AddedToken* WordPiece::added_at(std::string_view text, std::size_t at) const {
  const auto rest = text.substr(at);
  for (const auto& token : spec_.added) {
    if (rest.starts_with(token.content)) return &token;
  }
  return nullptr;
}

template <class Visit>
void WordPiece::walk(std::string_view text, Visit&& visit) const {
  std::vector<Token> pieces;
  const auto cut = [&](const BertWord& word) {
    const Token whole{unknown_, word.source.front().begin, word.source.back().end};
    if (word.characters > spec_.longest_word) return visit(whole);
    pieces.clear();
    for (std::size_t at = 0; at < word.bytes.size();) {
      const auto match = (at == 0 ? first_ : later_).longest(std::string_view(word.bytes).substr(at));
      if (match.id < 0) return visit(whole);
      pieces.push_back({match.id, word.source[at].begin, word.source[at + match.bytes - 1].end});
      at += match.bytes;
    }
    for (const auto& piece : pieces) visit(piece);
  };
  BertWords words(spec_.rules, spec_.longest_word, cut);
  std::string first_bytes;
  for (const auto& token : spec_.added) first_bytes += token.content.front();
  std::size_t from = 0;
  for (auto at = text.find_first_of(first_bytes); at < text.size();
       at = text.find_first_of(first_bytes, at)) {
    const auto* token = added_at(text, at);
    if (token == nullptr) {
      ++at;
      continue;
    }
    words.run(text, from, at);
    from = at + token->content.size();
    visit(Token{token->id, static_cast<std::int64_t>(at), static_cast<std::int64_t>(from)});
    at = from;
  }
  words.run(text, from, text.size());
}

std::vector<Token> WordPiece::encode(std::string_view text) const {
  std::vector<Token> tokens;
  walk(text, [&](const Token& token) { tokens.push_back(token); });
  return tokens;
}

std::int64_t WordPiece::count(std::string_view text) const {
  std::int64_t tokens = 0;
  walk(text, [&](const Token&) { ++tokens; });
  return tokens;
}

}  // namespace dream::text
