#include "report/answer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "base/file.hpp"
#include "golden/csv.hpp"

namespace dream::report {
namespace {

struct Passage {
  std::string document;
  std::string pages;
  std::string text;
};

/// A terminal's control characters are no part of a text: a document must not move the cursor.
std::string harmless(std::string_view text) {
  std::string out;
  for (const char c : text)
    out += (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t') || c == 0x7f ? ' ' : c;
  return out;
}

std::string indented(std::string_view text, const std::string& margin) {
  std::string out = margin;
  for (const char c : harmless(text)) {
    out += c;
    if (c == '\n') out += margin;
  }
  return out;
}

/// What write_chunks() wrote: chunk, method, parameters, document, first_page, last_page, text.
std::map<std::string, Passage> passages_of(const std::filesystem::path& file,
                                           const std::vector<std::string>& wanted) {
  std::map<std::string, Passage> found;
  for (auto& row : golden::parse_csv(read_file(file), file.string())) {
    if (row.cells.size() < 7 || std::ranges::count(wanted, row.cells[0]) == 0) continue;
    auto pages = "page " + row.cells[4];
    if (row.cells[4] != row.cells[5]) pages = "pages " + row.cells[4] + " to " + row.cells[5];
    found[row.cells[0]] = {std::move(row.cells[3]), std::move(pages), std::move(row.cells[6])};
  }
  return found;
}

std::string scores_text(const Record& record, const RecordedAnswer& answer) {
  const auto width = std::ranges::max(record.metrics, {}, &std::string::size).size();
  std::string text = "\nscores by " + record.judge + "\n";
  for (std::size_t i = 0; i < record.metrics.size(); ++i) {
    const auto value = std::isnan(answer.scores[i]) ? "-" : fmt::format("{:.3f}", answer.scores[i]);
    text += fmt::format("  {:<{}}  {:>6}", record.metrics[i], width, value);
    if (!answer.reasons[i].empty()) text += "  " + answer.reasons[i];
    if (i < answer.votes.size() && answer.votes[i].first > 0)
      text += fmt::format("  {} of {} verdicts against their majority", answer.votes[i].second,
                          answer.votes[i].first);
    text += "\n";
  }
  return text;
}

}  // namespace

std::string answer_text(const Record& record, std::size_t trial, std::size_t question) {
  const auto answer = record.answer(trial, question);
  auto text =
      fmt::format("{}\nquestion {}\n{}\nreference\n{}\nanswer\n{}\n", record.trials.at(trial).title,
                  record.questions.ids.at(question), indented(record.questions.texts.at(question), "  "),
                  indented(record.questions.references.at(question), "  "),
                  answer.reason.empty() ? indented(answer.text, "  ") : "  none: " + answer.reason);
  text += scores_text(record, answer);
  const auto file = record.folder / "chunks.csv";
  const bool there = std::filesystem::exists(file);
  text += there ? "\ncontexts, best first\n"
                : "\ncontexts, best first; chunks.csv is not beside sweep.h5, so texts, files and pages are "
                  "missing\n";
  const auto passages = there ? passages_of(file, answer.chunks) : std::map<std::string, Passage>();
  for (std::size_t i = 0; i < answer.chunks.size(); ++i) {
    text += fmt::format("  {}. {}", i + 1, answer.chunks[i]);
    const auto found = passages.find(answer.chunks[i]);
    if (found != passages.end())
      text += fmt::format("  {}, {}\n{}", harmless(found->second.document), found->second.pages,
                          indented(found->second.text, "     "));
    text += "\n";
  }
  return text;
}

}  // namespace dream::report
