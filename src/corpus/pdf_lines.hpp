#pragma once
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

/// From lines of print to text. A PDF has no words and no paragraphs, only glyphs in places; the reader gives
/// the lines in the order in which they were drawn.
namespace dream::corpus {

/// The words that stand whole in a document: whoever joins a word that a line end has cut looks here for its
/// spelling.
class WordTable {
 public:
  explicit WordTable(const std::vector<std::string>& pages);
  /// Whether this word (letters, digits, inner hyphens) occurs within a line. ASCII case does not matter.
  [[nodiscard]] bool has(std::string_view word) const;

 private:
  /// Returns whether the line ends in a cut word.
  bool add_line(std::string_view line, bool after_cut);
  std::unordered_set<std::string> words_;
};

/// One page. Cut words: "exam-\nple" becomes "example" when the document has "example" within a line,
/// "long-\nterm" becomes "long-term" when it has that; with neither, pieces that are no words of the document
/// are joined
/// ("discov-\nered"), and anything else stays two lines. A line that
/// ends a sentence well before the right edge ends its paragraph: a blank line follows.
[[nodiscard]] std::string flow_lines(std::string_view page, const WordTable& words);

/// Whether the last character ends a sentence (. ! ? and their CJK, Arabic and Hindi forms), closing quotes
/// and brackets aside.
[[nodiscard]] bool ends_sentence(std::string_view text);

}  // namespace dream::corpus
