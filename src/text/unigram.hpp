#pragma once
#include <array>
#include <optional>
#include <string>

#include "text/piece_model.hpp"
#include "text/vocabulary_trie.hpp"

namespace dream::text {

/// The ids of "<0x00>" to "<0xFF>" in a vocabulary, if it has them all: they stand for bytes that no other
/// token covers.
using ByteTokens = std::optional<std::array<std::int32_t, 256>>;
[[nodiscard]] ByteTokens byte_tokens(const VocabularyTrie& vocabulary);

struct UnigramSpec {
  std::vector<std::pair<std::string, double>> vocabulary;  ///< spelling and log-probability of token i
  std::int32_t unknown = 0;
  bool byte_fallback = false;
};

/// Sentence-piece's Unigram: of all ways to cut a piece into tokens the most probable one, by Viterbi's
/// algorithm; ties go to the token that begins first. Neighbouring unknown characters are one token. The ids
/// are those of Hugging Face's `tokenizers`. Time: bytes of the piece x longest token.
class Unigram final : public PieceModel {
 public:
  /// Throws InternalError when `unknown` is no token.
  explicit Unigram(UnigramSpec spec);
  [[nodiscard]] std::unique_ptr<Cutter> cutter() const override;

 private:
  class Viterbi;
  UnigramSpec spec_;
  VocabularyTrie trie_;
  ByteTokens bytes_;
  double unknown_score_ = 0;
};

}  // namespace dream::text
