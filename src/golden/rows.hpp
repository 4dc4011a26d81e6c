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

/// Makes ids differ: a second "id" is "id#2".
class UniqueIds {
 public:
  [[nodiscard]] std::string operator()(std::string id);

 private:
  std::unordered_set<std::string> seen_;
};

/// Questions as their rows say them, ids not yet unique, and what is wrong with the rows.
struct RowsRead {
  std::vector<GoldenQuestion> questions;
  std::vector<Problem> problems;
};

/// The first one is the reference, further ones are alternatives.
void set_references(GoldenQuestion& question, std::vector<std::string> references);

/// Throws GoldenError with all problems of a file, CorpusError when it has no question.
void check_rows(const std::vector<Problem>& problems, std::int64_t questions, const std::string& file);

/// What all formats share: takes the questions of a file one after the other, checks them, and collects what
/// is wrong with any of them.
class Rows {
 public:
  /// rows_before: of the same file, read by others.
  explicit Rows(std::string file, std::int64_t rows_before = 0) : file_(std::move(file)), row_(rows_before) {}

  /// The next row begins, in this line of the file (0: unknown).
  void begin(std::int64_t line);
  /// Something is wrong with the row. `column`: "" for the row as a whole.
  void note(std::string column, std::string what);
  /// The row's question: texts are trimmed; an id is made when it has none. An empty question and an empty
  /// reference of a question that has an answer are problems. needs_reference: false for collections without
  /// references.
  void add(GoldenQuestion question, const FieldNames& names, bool needs_reference = true);

  /// All questions, with ids of their own. Throws GoldenError with all problems, CorpusError when there is no
  /// question.
  [[nodiscard]] std::vector<GoldenQuestion> finish();
  /// The same of a piece of a file.
  [[nodiscard]] RowsRead take() { return std::move(read_); }

 private:
  std::string file_;
  std::int64_t row_;
  std::int64_t line_ = 0;
  RowsRead read_;
};

}  // namespace dream::golden
