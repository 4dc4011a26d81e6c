#pragma once
#include <string>

#include "report/record.hpp"

namespace dream::report {

/// What a trial answered to a question, as text for a terminal: question, reference, answer, each metric with
/// its reason and how often the judge's verdicts differed, the verdicts, and the contexts with file and
/// pages. Passages come from chunks.csv of the same folder; without it they are named, and the text says what
/// is missing. Places as trial_at() and question_at() give them.
[[nodiscard]] std::string answer_text(const Record& record, std::size_t trial, std::size_t question);

/// Two texts in columns of 58 characters.
[[nodiscard]] std::string side_by_side(const std::string& left, const std::string& right);

}  // namespace dream::report
