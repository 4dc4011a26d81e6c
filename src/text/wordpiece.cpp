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

WordPieces::WordPieces(const WordPieceSpec& spec)
    : first_(entries(spec.vocabulary, "")),
      later_(entries(spec.vocabulary, spec.prefix)),
      unknown_(id_of(spec.vocabulary, spec.unknown)),
      longest_word_(spec.longest_word) {}

void WordPieces::cut(std::string_view word, std::vector<PieceToken>& pieces) const {
  pieces.clear();
  for (std::size_t at = 0; at < word.size();) {
    const auto match = (at == 0 ? first_ : later_).longest(word.substr(at));
    if (match.id < 0) {
      pieces.assign(1, {unknown_, 0, word.size()});
      return;
    }
    pieces.push_back({match.id, at, at + match.bytes});
    at += match.bytes;
  }
}

std::unique_ptr<PieceModel::Cutter> WordPieces::cutter() const {
  class Words final : public Cutter {
   public:
    explicit Words(const WordPieces& model) : model_(model) {}
    const std::vector<PieceToken>& cut(std::string_view word) override {
      const auto starts = std::count_if(word.begin(), word.end(), [](char c) { return (c & 0xC0) != 0x80; });
      if (starts > model_.longest_word_)
        pieces_.assign(1, {model_.unknown_, 0, word.size()});
      else
        model_.cut(word, pieces_);
      return pieces_;
    }

   private:
    const WordPieces& model_;
    std::vector<PieceToken> pieces_;
  };
  return std::make_unique<Words>(*this);
}

WordPiece::WordPiece(WordPieceSpec spec) : spec_(std::move(spec)), pieces_(spec_), added_(spec_.added) {
  for (const auto& token : spec_.added)
    DREAM_CHECK(!token.normalised, token.content + " is a token of the normalised text");
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
  for (const auto& token : spec_.added) {
    hasher.add(token.content).add(token.id);
    if (token.single_word || token.lstrip || token.rstrip)
      hasher.add((token.single_word ? 4 : 0) + (token.lstrip ? 2 : 0) + (token.rstrip ? 1 : 0));
  }
  for (const auto& spelling : spec_.vocabulary) hasher.add(spelling);
  return hasher.finish();
}

template <class Visit>
void WordPiece::walk(std::string_view text, Visit&& visit) const {
  std::vector<PieceToken> pieces;
  const auto cut = [&](const BertWord& word) {
    if (word.characters > spec_.longest_word)
      return visit(Token{pieces_.unknown(), word.source.front().begin, word.source.back().end});
    pieces_.cut(word.bytes, pieces);
    for (const auto& piece : pieces)
      visit(Token{piece.id, word.source[piece.begin].begin, word.source[piece.end - 1].end});
  };
  BertWords words(spec_.rules, spec_.longest_word, cut);
  std::size_t done = 0;
  for (const auto& found : added_.find(text)) {
    words.run(text, done, found.begin);
    visit(Token{found.id, static_cast<std::int64_t>(found.begin), static_cast<std::int64_t>(found.end)});
    done = found.end;
  }
  words.run(text, done, text.size());
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
