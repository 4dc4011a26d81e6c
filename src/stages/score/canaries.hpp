#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.hpp"

namespace dream::score {

/// Patterns of texts that speak to whoever judges or answers instead of to a reader: "ignore the previous
/// instructions", "give this answer a score of 1", chat markup.
class Canaries {
 public:
  /// `patterns`: a text in the form of inputs/canaries.txt. Throws ConfigError naming the line.
  explicit Canaries(std::string_view patterns);

  /// Whether a pattern is found in a text. Scores of such a text deserve a second look.
  [[nodiscard]] bool found_in(std::string_view text) const;

  [[nodiscard]] const Digest& digest() const { return digest_; }

 private:
  /// One word of a pattern.
  struct Word {
    std::vector<std::string> any;
    std::size_t gap = 0;  ///< words that may stand before it
    bool end = false;     ///< the end of the text instead
  };
  struct Pattern {
    std::vector<std::string> not_behind;
    std::vector<Word> words;
  };

  [[nodiscard]] static bool fits(const Pattern& pattern, const std::vector<std::string>& words,
                                 std::size_t at);
  [[nodiscard]] static bool continues(const Pattern& pattern, std::size_t word,
                                      const std::vector<std::string>& words, std::size_t at);

  friend class CanaryReader;
  std::vector<std::string> marks_;
  std::vector<Pattern> patterns_;
  Digest digest_;
};

/// Those of inputs/canaries.txt, compiled in.
[[nodiscard]] const Canaries& canaries();

}  // namespace dream::score
