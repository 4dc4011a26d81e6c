#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "text/aligned_text.hpp"

namespace dream::text {

/// The character map of a sentence-piece model ("precompiled_charsmap"): a double-array trie from spellings
/// to offsets into a list of replacements.
class CharsMap {
 public:
  /// bytes: 4 of the trie's size (little-endian), the trie, the replacements, each ended by a NUL. Nothing
  /// when they are no such map.
  [[nodiscard]] static std::optional<CharsMap> read(std::string_view bytes);

  /// Replaces whole grapheme clusters of up to 5 bytes, else single characters, by what the *shortest* known
  /// beginning of them maps to: odd, but so do Hugging Face's `tokenizers`, with which the models were made.
  [[nodiscard]] AlignedText apply(const AlignedText& text) const;

 private:
  [[nodiscard]] std::optional<std::string_view> replacement(std::string_view part) const;

  std::vector<std::uint32_t> units_;
  std::string replacements_;
};

/// Where the grapheme cluster that begins at byte `at` ends (UAX #29).
[[nodiscard]] std::size_t grapheme_end(std::string_view text, std::size_t at);

}  // namespace dream::text
