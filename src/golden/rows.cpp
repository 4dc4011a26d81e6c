#include "golden/rows.hpp"

#include <fmt/format.h>

#include "golden/columns.hpp"

namespace dream::golden {

void Rows::begin(std::int64_t line) {
  ++row_;
  line_ = line;
}

void Rows::note(std::string column, std::string what) {
  read_.problems.push_back({row_, line_, std::move(column), std::move(what)});
}

void Rows::add(GoldenQuestion question, const FieldNames& names, bool needs_reference) {
  question.question = trimmed(question.question);
  question.reference = trimmed(question.reference);
  question.id = trimmed(question.id);
  question.line = line_;
  if (question.question.empty()) note(names.question, "empty; write the question or delete the row");
  if (question.reference.empty() && needs_reference && !question.unanswerable)
    note(names.reference, "empty; write the reference answer or delete the row");
  if (question.id.empty()) question.id = "q" + std::to_string(row_);
  read_.questions.push_back(std::move(question));
}

std::vector<GoldenQuestion> Rows::finish() {
  check_rows(read_.problems, std::ssize(read_.questions), file_);
  UniqueIds unique;
  for (auto& question : read_.questions) question.id = unique(std::move(question.id));
  return std::move(read_.questions);
}

void set_references(GoldenQuestion& question, std::vector<std::string> references) {
  if (references.empty()) return;
  question.reference = std::move(references.front());
  references.erase(references.begin());
  question.alternatives = std::move(references);
}

void check_rows(const std::vector<Problem>& problems, std::int64_t questions, const std::string& file) {
  if (!problems.empty()) throw GoldenError(file, problems);
  if (questions == 0) throw CorpusError(file, 0, "has no questions; add a row for each question");
}

std::string UniqueIds::operator()(std::string id) {
  const auto first = id;
  for (int copy = 2; !seen_.insert(id).second; ++copy) id = first + "#" + std::to_string(copy);
  return id;
}

}  // namespace dream::golden
