#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "lexical/words.hpp"
#include "testset/kinds.hpp"
#include "testset/passages.hpp"

/// The filters that need no model. Those that do are prompts: inputs/prompts/testset_*.toml.
namespace dream::testset {

/// A model's text as one line: control characters and runs of white space are single blanks, none at the
/// ends.
[[nodiscard]] std::string one_line(std::string_view text);

/// Why a question and its reference cannot stand in a dataset, as far as rules can tell, or "" (reasons.hpp):
/// empty, too long, or a spreadsheet would run it; it points at "the passage above"; each word of the
/// reference that carries meaning is in the question already. The last rule leaves a choice ("A or B?") and
/// an unanswerable question alone.
[[nodiscard]] std::string_view fault_of(lexical::Stemmer& stemmer, Kind kind, std::string_view question,
                                        std::string_view reference);

/// Whether two texts are the same but for case, white space, punctuation and accents.
[[nodiscard]] bool same_letters(std::string_view a, std::string_view b);

/// Finds questions that repeat an earlier one: they have the same numbers, and the share of common words
/// (similarity()) is more than `most`. What is admitted depends on the order.
class Duplicates {
 public:
  explicit Duplicates(double most) : most_(most) {}
  /// Whether no admitted question is like this one; it is admitted then. O(admitted questions).
  [[nodiscard]] bool admit(lexical::Stemmer& stemmer, std::string_view question);

 private:
  struct Known {
    WordSet words;
    WordSet numbers;
    std::u32string letters;
  };
  double most_;
  std::vector<Known> known_;
};

}  // namespace dream::testset
