#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dream::golden {

/// "Source Docs" and "source_docs" are one name.
[[nodiscard]] std::string plain_name(std::string_view name);

[[nodiscard]] std::string trimmed(std::string_view text);

/// A field of a question and the names that files give it, the best one first.
struct Field {
  std::string_view role;
  std::vector<std::string_view> names;
  /// Index of the field among plain names; -1: it is not there.
  [[nodiscard]] int find(std::span<const std::string> plain_names) const;
  /// "no such column, nor user_input; the columns are: ..., did you mean ...?"
  [[nodiscard]] std::string missing(const char* thing, std::span<const std::string> names_there) const;
};

/// Both generations of ragas' names, and those of other tools. CSV and JSON lines share them.
struct Fields {
  Field question{"question", {"question", "user_input"}};
  Field reference{"reference", {"reference", "ground_truth", "ground_truths", "answer"}};
  Field id{"id", {"id"}};
  Field contexts{"contexts", {"contexts", "reference_contexts", "context"}};
  Field sources{"sources", {"sources", "source", "source_docs"}};
  Field unanswerable{"unanswerable", {"unanswerable", "is_impossible"}};
  Field kind{"kind", {"kind"}};
};
[[nodiscard]] const Fields& fields();

/// The column whose cells hold a list of references even in CSV.
inline constexpr std::string_view list_of_references = "ground_truths";

}  // namespace dream::golden
