#include "report/answer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "base/file.hpp"
#include "golden/csv.hpp"
#include "report/remarks.hpp"

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

/// The judge's verdicts, below the metric that each counts for.
std::string remarks_text(const RecordedAnswer& answer) {
  if (answer.remarks.empty()) return "";
  std::string text = "\nverdicts of the judge\n";
  std::string metric;
  for (const auto& remark : answer.remarks) {
    if (remark.metric != metric) text += "  " + remark.metric + "\n";
    metric = remark.metric;
    text += fmt::format("    {} {}: {}\n", is_good(remark) ? '+' : '-', in_words(remark),
                        harmless(remark.statement));
    if (!remark.reason.empty()) text += indented(remark.reason, "        ") + "\n";
  }
  return text;
}

/// A text in lines of at most `width` characters, broken at spaces where there are any.
std::vector<std::string> wrapped(std::string_view text, std::size_t width) {
  std::vector<std::string> lines{""};
  std::size_t length = 0;  // characters of the last line
  std::size_t space = 0;   // bytes up to its last space
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n') {
      lines.emplace_back();
      length = space = 0;
      continue;
    }
    const bool begins = (static_cast<unsigned char>(text[i]) & 0xC0) != 0x80;
    if (begins && length == width) {
      auto& full = lines.back();
      const auto cut = space > 0 ? space : full.size();
      auto rest = full.substr(cut);
      full.resize(cut);
      length = static_cast<std::size_t>(
          std::ranges::count_if(rest, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
      space = 0;
      lines.push_back(std::move(rest));
    }
    lines.back() += text[i];
    if (begins) ++length;
    if (text[i] == ' ' && length > 1 && lines.back().find_first_not_of(' ') != std::string::npos)
      space = lines.back().size();
  }
  return lines;
}

}  // namespace

std::string side_by_side(const std::string& left, const std::string& right) {
  constexpr std::size_t width = 58;
  const auto a = wrapped(left, width);
  const auto b = wrapped(right, width);
  std::string text;
  for (std::size_t i = 0; i < std::max(a.size(), b.size()); ++i) {
    const auto line = fmt::format("{:<{}} | {}", i < a.size() ? a[i] : "", width, i < b.size() ? b[i] : "");
    text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return text;
}

std::string answer_text(const Record& record, std::size_t trial, std::size_t question) {
  const auto answer = record.answer(trial, question);
  auto text =
      fmt::format("{}\nquestion {}\n{}\nreference\n{}\nanswer\n{}\n", record.trials.at(trial).title,
                  record.questions.ids.at(question), indented(record.questions.texts.at(question), "  "),
                  indented(record.questions.references.at(question), "  "),
                  answer.reason.empty() ? indented(answer.text, "  ") : "  none: " + answer.reason);
  text += scores_text(record, answer) + remarks_text(answer);
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
