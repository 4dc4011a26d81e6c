#pragma once
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

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

/// Reads a golden file (CSV, see parse_csv). Columns, whatever their case and with spaces or underscores:
///   question | user_input                                          required
///   reference | ground_truth | ground_truths | answer (last resort)  required
///   id; contexts | reference_contexts | context; source | sources | source_docs      optional
/// contexts and sources hold a list as JSON or Python write it, or one text. A source may be a pattern with *
/// and ?. Rows without an id get "q1", "q2", ... by row; a second row of one id (translations share theirs)
/// is "id#2". Other columns are ignored. Throws CorpusError for a file that is no CSV, GoldenError with *all*
/// rows that are wrong: an empty question or reference, a list that does not end, more or fewer cells than
/// the header.
[[nodiscard]] std::vector<GoldenQuestion> load(const std::filesystem::path& file);

/// The same from bytes; `file` is the name that messages give.
[[nodiscard]] std::vector<GoldenQuestion> parse(std::string_view bytes, const std::string& file);

/// Whether a golden source means the document of that name: equal names, the same last part of the path, or a
/// pattern
/// (*, ?) that fits the name or its last part.
[[nodiscard]] bool source_matches(std::string_view source, std::string_view name);

/// The sources of questions that no document of the corpus bears, each with near names. `problem.row` is the
/// question's place, 1-based, and `line` 0. Empty: all is well.
[[nodiscard]] std::vector<Problem> validate(std::span<const GoldenQuestion> questions,
                                            std::span<const std::string> known_sources);

/// Digest of all fields of all questions in order: what depends on the golden set has it in its key.
[[nodiscard]] Digest digest_of(std::span<const GoldenQuestion> questions);

}  // namespace dream::golden
