#pragma once
#include <memory>
#include <string>
#include <vector>

#include "text/added_tokens.hpp"
#include "text/bert_characters.hpp"
#include "text/piece_model.hpp"
#include "text/tokenizer.hpp"
#include "text/vocabulary_trie.hpp"

namespace dream::text {

struct WordPieceSpec {
  std::vector<std::string> vocabulary;  ///< spelling of token i; empty for ids that stand for nothing
  BertRules rules;
  std::vector<AddedToken> added;
  std::string unknown = "[UNK]";
  std::string prefix = "##";        ///< of pieces that continue a word
  std::int64_t longest_word = 100;  ///< a word of more characters is one unknown token
};

/// Cuts a word into the longest known pieces from its left.
class WordPieces final : public PieceModel {
 public:
  /// Throws InternalError when `unknown` is none of the vocabulary.
  explicit WordPieces(const WordPieceSpec& spec);
  [[nodiscard]] std::unique_ptr<Cutter> cutter() const override;

  /// Fills `pieces`; a word that the vocabulary cannot spell is one unknown token.
  void cut(std::string_view word, std::vector<PieceToken>& pieces) const;
  [[nodiscard]] std::int32_t unknown() const { return unknown_; }

 private:
  VocabularyTrie first_;
  VocabularyTrie later_;
  std::int32_t unknown_ = 0;
  std::int64_t longest_word_ = 0;
};

/// BERT's tokenizer: words of the normalised text, each cut into pieces. The ids are those of Hugging Face's
/// `tokenizers`; a token's bytes are those of the original text.
class WordPiece final : public Tokenizer {
 public:
  /// Throws InternalError when the vocabulary lacks `unknown`, or when an added token is one of the
  /// normalised text, which this class does not hold as a whole.
  explicit WordPiece(WordPieceSpec spec);

  [[nodiscard]] Digest identity() const override;
  [[nodiscard]] std::vector<Token> encode(std::string_view text) const override;
  [[nodiscard]] std::int64_t count(std::string_view text) const override;

 private:
  template <class Visit>
  void walk(std::string_view text, Visit&& visit) const;

  WordPieceSpec spec_;
  WordPieces pieces_;
  AddedTokens added_;
};

}  // namespace dream::text
