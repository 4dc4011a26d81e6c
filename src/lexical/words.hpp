#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct sb_stemmer;

namespace dream::lexical {

/// Runs of letters, digits and marks after NFKC case folding, in order of appearance. An apostrophe between
/// letters is dropped with what follows it when that is a possessive s ("Apple's" is "apple"); a point or
/// comma between digits stays out ("82,959" is "82959", "6.5" is "6.5" with its point). Scripts that are
/// written without spaces (Han, Kana, Thai, Lao, Khmer, Burmese) give overlapping pairs of characters, the
/// usual way to search them without a dictionary. Invalid UTF-8 separates words.
[[nodiscard]] std::vector<std::string> words(std::string_view utf8);

/// True for English words that carry no subject of their own ("the", "which", "did"); `word` as words()
/// returns it.
[[nodiscard]] bool is_stop_word(std::string_view word);

/// True when a word has a digit.
[[nodiscard]] bool has_digit(std::string_view word);

/// Snowball's English stemmer for words of ASCII letters; others stay as they are. Not safe from several
/// threads.
class Stemmer {
 public:
  Stemmer();
  [[nodiscard]] std::string stem(const std::string& word);
  /// words() with each word stemmed.
  [[nodiscard]] std::vector<std::string> stems(std::string_view utf8);

 private:
  struct Close {
    void operator()(sb_stemmer* stemmer) const;
  };
  std::unique_ptr<sb_stemmer, Close> stemmer_;
};

}  // namespace dream::lexical
