#pragma once
#include <cstdint>
#include <string>
#include <unordered_set>
#include <vector>

#include "golden/golden.hpp"

namespace dream::golden {

/// Where messages about a row's fields say that they stand.
struct FieldNames {
  std::string question = "question";
  std::string reference = "reference";
};

/// What all formats share: takes the questions of a file one after the other, checks them, and collects what
/// is wrong with any of them.
class Rows {
 public:
  explicit Rows(std::string file) : file_(std::move(file)) {}

  /// The next row begins, in this line of the file (0: unknown).
  void begin(std::int64_t line);
  /// Something is wrong with the row. `column`: "" for the row as a whole.
  void note(std::string column, std::string what);
  /// The row's question: texts are trimmed; an id is made when it has none, or when another has the same. An
  /// empty question and an empty reference of a question that has an answer are problems. needs_reference:
  /// false for collections without references.
  void add(GoldenQuestion question, const FieldNames& names, bool needs_reference = true);

  /// All questions. Throws GoldenError with all problems, CorpusError when there is no question.
  [[nodiscard]] std::vector<GoldenQuestion> finish();

 private:
  std::string unique(std::string id);

  std::string file_;
  std::int64_t row_ = 0;
  std::int64_t line_ = 0;
  std::unordered_set<std::string> ids_;
  std::vector<Problem> problems_;
  std::vector<GoldenQuestion> questions_;
};

}  // namespace dream::golden
