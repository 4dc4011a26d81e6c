#pragma once
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "text/tokenizer.hpp"
#include "text/vocabulary_trie.hpp"

namespace dream::text {

/// How BERT's normaliser treats a text before the vocabulary sees it.
struct BertRules {
  bool clean = true;          ///< drop control characters, make every white space a space
  bool ideographs = true;     ///< each ideograph is a word
  bool strip_accents = true;  ///< canonical decomposition without its non-spacing marks
  bool lowercase = true;
};

/// A token that is recognised in the raw text, before anything else ("[SEP]").
struct AddedToken {
  std::string content;
  std::int32_t id = 0;
};

struct WordPieceSpec {
  std::vector<std::string> vocabulary;  ///< spelling of token i; empty for ids that stand for nothing
  BertRules rules;
  std::vector<AddedToken> added;
  std::string unknown = "[UNK]";
  std::string prefix = "##";        ///< of pieces that continue a word
  std::int64_t longest_word = 100;  ///< a word of more characters is one unknown token
};

/// BERT's tokenizer: words of the normalised text, each cut into the longest known pieces from its left. The
/// ids are those of Hugging Face's `tokenizers`; a token's bytes are those of the original text.
class WordPiece final : public Tokenizer {
 public:
  /// Throws InternalError when the vocabulary lacks one of `unknown`, "[CLS]" and "[SEP]".
  explicit WordPiece(WordPieceSpec spec);

  [[nodiscard]] Digest identity() const override;
  [[nodiscard]] std::vector<Token> encode(std::string_view text) const override;
  [[nodiscard]] std::int64_t count(std::string_view text) const override;

  [[nodiscard]] std::int32_t cls() const { return cls_; }
  [[nodiscard]] std::int32_t sep() const { return sep_; }
  [[nodiscard]] const BertRules& rules() const { return spec_.rules; }
  [[nodiscard]] std::int64_t vocabulary_size() const {
    return static_cast<std::int64_t>(spec_.vocabulary.size());
  }

 private:
  template <class Visit>
  void walk(std::string_view text, Visit&& visit) const;
  [[nodiscard]] const AddedToken* added_at(std::string_view text, std::size_t at) const;

  WordPieceSpec spec_;
  VocabularyTrie first_;
  VocabularyTrie later_;
  std::int32_t unknown_ = 0;
  std::int32_t cls_ = 0;
  std::int32_t sep_ = 0;
};

/// The tokenizer of a Hugging Face folder: tokenizer.json, or vocab.txt with tokenizer_config.json. Throws
/// ModelError for files that are missing, broken, or of another kind of tokenizer.
[[nodiscard]] std::shared_ptr<const WordPiece> load_wordpiece(const std::filesystem::path& folder);

}  // namespace dream::text
