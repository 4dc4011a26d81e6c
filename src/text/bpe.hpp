#pragma once
#include <string>

#include "text/piece_model.hpp"
#include "text/unigram.hpp"

namespace dream::text {

/// Two neighbouring tokens that become one; the lowest rank goes first, of equal ones the leftmost.
struct Merge {
  std::int32_t rank = 0;
  std::int32_t left = 0;
  std::int32_t right = 0;
  std::int32_t result = 0;
};

struct BpeSpec {
  std::vector<std::pair<std::string, std::int32_t>> vocabulary;  ///< spelling (bytes, see below) and id
  std::vector<Merge> merges;
  std::optional<std::int32_t> unknown;  ///< none: what no token spells goes away
  bool fuse_unknown = false;            ///< neighbouring unknown characters are one token
  bool byte_fallback = false;
  bool ignore_merges = false;  ///< a piece that is a token as a whole is that token
  bool byte_level = false;     ///< merging begins with bytes, not with characters
};

/// Byte-pair encoding: a piece begins as characters or bytes, of which the pair with the lowest rank is
/// merged, the leftmost first, until none is left. The ids are those of Hugging Face's `tokenizers`. Time: n
/// log n in a piece's bytes.
class Bpe final : public PieceModel {
 public:
  explicit Bpe(BpeSpec spec);
  [[nodiscard]] std::unique_ptr<Cutter> cutter() const override;

 private:
  class Merger;
  struct Target {
    std::int32_t rank = 0;
    std::int32_t id = 0;
  };
  /// Open addressing: pairs are looked up several times for each byte of text.
  struct Slot {
    std::uint64_t pair = empty;
    Target target;
  };
  static constexpr std::uint64_t empty = ~std::uint64_t{0};
  void insert(const Merge& merge);
  [[nodiscard]] const Target* find(std::int32_t left, std::int32_t right) const;

  BpeSpec spec_;
  VocabularyTrie trie_;
  ByteTokens bytes_;
  std::vector<Slot> slots_;
  std::int32_t single_[256];  // ids of one-byte spellings, -1 where there is none
};

/// A token of a vocabulary that was saved without its merges (sentence-piece, tiktoken).
struct RankedToken {
  std::string spelling;
  std::int32_t id = 0;
  std::int32_t rank = 0;
};

/// Each way to make a token of two others, in order of rank, then with the shorter left part first.
[[nodiscard]] std::vector<Merge> merges_of(const std::vector<RankedToken>& tokens);

}  // namespace dream::text
