#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "text/vocabulary_trie.hpp"

namespace dream::text {

/// A token that is recognised in the text as a whole, before anything else ("[SEP]", "<mask>").
struct AddedToken {
  std::string content;
  std::int32_t id = 0;
  bool single_word = false;  ///< not inside of a word
  bool lstrip = false;       ///< takes the white space before it
  bool rstrip = false;       ///< takes the white space after it
  bool normalised = false;   ///< looked for in the normalised text instead of the raw one
};

/// Finds added tokens: from the left, of several at one place the longest.
class AddedTokens {
 public:
  explicit AddedTokens(std::vector<AddedToken> tokens);

  struct Found {
    std::int32_t id = 0;
    std::size_t begin = 0;
    std::size_t end = 0;
  };
  /// In order of place, without overlaps.
  [[nodiscard]] std::vector<Found> find(std::string_view text) const;
  [[nodiscard]] const std::vector<AddedToken>& tokens() const { return tokens_; }

 private:
  std::vector<AddedToken> tokens_;
  VocabularyTrie trie_;  // to the index in tokens_
  std::string first_bytes_;
};

}  // namespace dream::text
