#include "golden/review.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "golden/columns.hpp"
#include "golden/csv.hpp"
#include "golden/golden.hpp"

namespace dream::golden {
namespace {

std::string trimmed_lower(std::string_view text) {
  auto out = trimmed(text);
  std::ranges::transform(out, out.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return out;
}

/// Where a column stands; -1: absent.
int find_column(const CsvRow& header, std::string_view name) {
  const auto found = std::ranges::find(header.cells, name, trimmed_lower);
  return found == header.cells.end() ? -1 : static_cast<int>(found - header.cells.begin());
}

int required_column(const CsvRow& header, std::string_view name, const std::string& file) {
  const int column = find_column(header, name);
  if (column < 0)
    throw GoldenError(file, {{0, 1, std::string(name), "no such column; a review needs id and decision"}});
  return column;
}

}  // namespace

std::string_view name_of(Decision decision) {
  switch (decision) {
    case Decision::none:
      return "";
    case Decision::accept:
      return "accept";
    case Decision::reject:
      return "reject";
  }
  return "";
}

std::filesystem::path review_beside(const std::filesystem::path& golden_file) {
  auto path = golden_file;
  return path.replace_extension(".review.csv");
}

Review parse_review(std::string_view bytes, const std::string& file) {
  const auto rows = parse_csv(bytes, file);
  if (rows.empty()) throw CorpusError(file, 0, "is empty; a review needs a header with id and decision");
  const auto& header = rows.front();
  const int id_column = required_column(header, "id", file);
  const int decision_column = required_column(header, "decision", file);
  const int comment_column = find_column(header, "comment");
  Review review;
  std::vector<Problem> problems;
  for (std::size_t i = 1; i < rows.size(); ++i) {
    const auto& row = rows[i];
    const auto note = [&](const char* column, std::string what) {
      problems.push_back({static_cast<std::int64_t>(i), row.line, column, std::move(what)});
    };
    if (row.cells.size() != header.cells.size()) {
      note("", fmt::format("{} cells where the header has {}", row.cells.size(), header.cells.size()));
      continue;
    }
    const auto cell = [&](int column) -> std::string_view {
      return column < 0 ? std::string_view() : row.cells[static_cast<std::size_t>(column)];
    };
    Reviewed said;
    said.row = static_cast<std::int64_t>(i);
    said.line = row.line;
    said.comment = cell(comment_column);
    const auto word = trimmed_lower(cell(decision_column));
    if (word == name_of(Decision::accept))
      said.decision = Decision::accept;
    else if (word == name_of(Decision::reject))
      said.decision = Decision::reject;
    else if (!word.empty())
      note("decision", fmt::format("found \"{}\"; write accept, reject or nothing", word));
    const auto id = trimmed(cell(id_column));
    if (id.empty()) note("id", "empty; it says which question is meant");
    if (!review.emplace(id, std::move(said)).second)
      note("id", fmt::format("\"{}\" has a row already; keep one of them", id));
  }
  if (!problems.empty()) throw GoldenError(file, std::move(problems));
  return review;
}

std::vector<std::int64_t> rejected_by(const Review& review, std::span<const GoldenQuestion> questions,
                                      const std::string& file) {
  std::vector<std::int64_t> places;
  std::unordered_set<std::string_view> found;
  for (std::size_t q = 0; q < questions.size(); ++q) {
    const auto said = review.find(questions[q].id);
    if (said == review.end() || said->second.decision != Decision::reject) continue;
    places.push_back(static_cast<std::int64_t>(q));
    found.insert(questions[q].id);
  }
  std::vector<Problem> problems;
  for (const auto& [id, said] : review) {
    if (said.decision != Decision::reject || found.contains(id)) continue;
    problems.push_back({said.row, said.line, "id",
                        fmt::format("\"{}\" is rejected here and no question of the golden file; delete the "
                                    "row, or name the right review in golden.review",
                                    id)});
  }
  if (!problems.empty()) throw GoldenError(file, std::move(problems));
  if (!questions.empty() && places.size() == questions.size())
    throw CorpusError(file, 0, "rejects every question of the golden file; there is nothing to sweep with");
  return places;
}

}  // namespace dream::golden
