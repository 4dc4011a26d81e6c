#include "golden/rows.hpp"

#include <fmt/format.h>

#include "golden/columns.hpp"

namespace dream::golden {

void Rows::begin(std::int64_t line) {
  ++row_;
  line_ = line;
}

void Rows::note(std::string column, std::string what) {
  problems_.push_back({row_, line_, std::move(column), std::move(what)});
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
  question.id = unique(std::move(question.id));
  questions_.push_back(std::move(question));
}

std::vector<GoldenQuestion> Rows::finish() {
  if (!problems_.empty()) throw GoldenError(file_, std::move(problems_));
  if (questions_.empty()) throw CorpusError(file_, 0, "has no questions; add a row for each question");
  return std::move(questions_);
}

std::string Rows::unique(std::string id) {
  const auto first = id;
  for (int copy = 2; !ids_.insert(id).second; ++copy) id = first + "#" + std::to_string(copy);
  return id;
}

}  // namespace dream::golden
