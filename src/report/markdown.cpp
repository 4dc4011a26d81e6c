#include "report/markdown.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "report/rows.hpp"

namespace dream::report {
namespace {

std::string escaped(std::string_view cell) {
  std::string out;
  for (const char c : cell) {
    if (c == '\n' || c == '\r' || c == '\t') {
      out += ' ';
      continue;
    }
    if (c == '<')
      out += "&lt;";
    else if (c == '&')
      out += "&amp;";
    else {
      if (std::string_view("\\`*_[]|").find(c) != std::string_view::npos) out += '\\';
      out += c;
    }
  }
  return out;
}

/// The objective first; a metric without a value in any trial is left out.
std::vector<std::size_t> columns_of(const Record& record) {
  std::vector<std::size_t> columns;
  for (std::size_t i = 0; i < record.metrics.size(); ++i) {
    bool any = false;
    for (std::int64_t t = 0; t < record.counts.rows; ++t) any |= record.counts.row(t)[i] > 0;
    if (any) columns.push_back(i);
  }
  std::ranges::stable_partition(columns,
                                [&](std::size_t i) { return record.metrics[i] == record.objective; });
  return columns;
}

std::string objective_cell(const stats::ScoreMatrix& scores, const Record& record, std::size_t trial,
                           std::size_t at) {
  const auto own = estimate(scores.row(static_cast<int>(trial)), record.questions.clusters, record.seed, at);
  if (own.questions == 0) return "-";
  return fmt::format("{:.3f} ({:.3f} to {:.3f})", own.mean, own.interval.low, own.interval.high);
}

}  // namespace

MarkdownTable::MarkdownTable(const std::vector<std::string>& head) {
  row(head);
  for (std::size_t i = 0; i < head.size(); ++i) text_ += "|---";
  text_ += "|\n";
}

void MarkdownTable::row(const std::vector<std::string>& cells) {
  for (const auto& cell : cells) text_ += "| " + escaped(cell) + " ";
  text_ += "|\n";
}

std::string choices_of(const RecordedTrial& trial) {
  return sweep::choices_of(trial.method, trial.embedder, trial.reranker, trial.top_k, trial.llm);
}

std::string markdown(const Record& record, const stats::Verdict& verdict, std::size_t most) {
  auto rows = best_first(verdict, record.trials.size());
  rows.resize(std::min(rows.size(), most));
  const auto columns = columns_of(record);
  const bool costs = std::ranges::any_of(record.trials, [](const auto& trial) { return trial.cost_usd > 0; });
  std::vector<std::string> head{"trial", "verdict", "choices"};
  for (const auto i : columns)
    head.push_back(record.metrics[i] + (record.metrics[i] == record.objective ? " (95 % interval)" : ""));
  if (costs) head.emplace_back("USD");
  MarkdownTable table(head);
  const auto scores = record.scores(record.objective);
  for (std::size_t place = 0; place < rows.size(); ++place) {
    const auto t = rows[place];
    const auto at = static_cast<std::int64_t>(t);
    std::vector<std::string> cells{std::to_string(record.trials[t].number), mark_of(verdict, t),
                                   choices_of(record.trials[t])};
    for (const auto i : columns) {
      if (record.metrics[i] == record.objective)
        cells.push_back(objective_cell(scores, record, t, place));
      else
        cells.push_back(record.counts.row(at)[i] > 0 ? fmt::format("{:.3f}", record.means.row(at)[i]) : "-");
    }
    if (costs) cells.push_back(fmt::format("{:.4f}", record.trials[t].cost_usd));
    table.row(cells);
  }
  std::string text = "**" + escaped(record.sweep) + "**: " + escaped(verdict.sentence) + "\n\n" +
                     (record.hold_out.empty() ? "" : escaped(record.hold_out) + "\n\n") + table.text();
  if (rows.size() < record.trials.size())
    text += fmt::format("\n{} more trials are in results.csv.\n", record.trials.size() - rows.size());
  return text;
}

}  // namespace dream::report
