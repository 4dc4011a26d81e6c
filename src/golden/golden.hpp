#pragma once
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/digest.hpp"
#include "base/errors.hpp"
#include "stages/types.hpp"

namespace dream::golden {

/// What is wrong with one row. row: 1 is the first below the header; line: where it begins in the file.
struct Problem {
  std::int64_t row = 0;
  std::int64_t line = 0;
  std::string column;  ///< as the file writes it; empty when it is about the whole row
  std::string what;    ///< what was found, and the remedy
  /// "row 3 (line 7), column "question": empty; write a question or delete the row"
  [[nodiscard]] std::string text() const;
};

/// A golden file with rows that cannot be used, or without its columns.
struct GoldenError : CorpusError {
  GoldenError(const std::string& file, std::vector<Problem> all);
  std::vector<Problem> problems;
};

/// Reads golden questions. The format shows in the content: a folder, or a .tsv in a folder qrels, is BEIR; a
/// file that begins with a brace is SQuAD's JSON or has a JSON object in each line; any other is CSV (see
/// parse_csv). Columns and fields, whatever their case and with spaces or underscores:
///   question | user_input                                          required
///   reference | ground_truth | ground_truths | answer (last resort)  required
///   id; contexts | reference_contexts | context; source | sources | source_docs;
///   unanswerable | is_impossible; kind ("unanswerable")                        optional
/// contexts and sources hold a list as JSON or Python write it, or one text. A source may be a pattern with *
/// and ?. Rows without an id get "q1", "q2", ... by row; a second row of one id (translations share theirs)
/// is "id#2". Other columns are ignored. Throws CorpusError for a file that is none of these, GoldenError
/// with *all* rows that are wrong: an empty question, an empty reference of a question that has an answer, a
/// list that does not end, more or fewer cells than the header.
[[nodiscard]] std::vector<GoldenQuestion> load(const std::filesystem::path& path);

/// The same from the bytes of a file; `file` is the name that messages give.
[[nodiscard]] std::vector<GoldenQuestion> parse(std::string_view bytes, const std::string& file);

/// Questions as a message to another rank, and back, behind those that are there.
[[nodiscard]] Bytes pack(std::span<const GoldenQuestion> questions);
void unpack(const Bytes& message, std::vector<GoldenQuestion>& questions);

/// The sources of questions that no document of the corpus bears, each with near names. `problem.row` is the
/// question's place, 1-based. Empty: all is well.
[[nodiscard]] std::vector<Problem> validate(std::span<const GoldenQuestion> questions,
                                            std::span<const std::string> known_sources);

/// Rows that say the same as an earlier one but for their ids: they count twice in every mean and are no
/// second draw. contents: content_of() each question.
[[nodiscard]] std::vector<Problem> duplicates(std::span<const GoldenQuestion> questions,
                                              std::span<const Digest> contents);

/// Digest of all fields of a question but its id and line.
[[nodiscard]] Digest content_of(const GoldenQuestion& question);

/// Whether a file that begins with these bytes is read as CSV.
[[nodiscard]] bool is_csv(std::string_view head);

/// Digest of all fields but the lines of all questions in order: what depends on the golden set has it in its
/// key.
[[nodiscard]] Digest digest_of(std::span<const GoldenQuestion> questions);

}  // namespace dream::golden
