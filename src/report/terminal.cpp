#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <span>

#include "report/outputs.hpp"
#include "report/rows.hpp"

namespace dream::report {
namespace {

/// Column heads short enough for a terminal.
std::string short_name(const std::string& metric) {
  std::string name;
  for (const char c : metric) name += c == '_' ? ' ' : c;
  return name.size() <= 12 ? name : name.substr(0, 11) + ".";
}

/// The best and the worst mean of a metric over the trials.
struct Range {
  double best = -1e300;
  double worst = 1e300;
};

/// Equals as far as the table shows them.
bool same(double a, double b) { return std::abs(a - b) < 5e-4; }

/// A column without differences has no best.
std::string cell(const sweep::MetricSummary& summary, const Range& range) {
  if (summary.count == 0) return "-";
  const bool marked = same(summary.mean, range.best) && !same(range.worst, range.best);
  return fmt::format("{:.3f}{}", summary.mean, marked ? "*" : " ");
}

/// Methods of one name are told apart by their parameters.
std::string method_name(const config::Config& config, int at) {
  const auto& methods = config.space.methods;
  const auto& method = methods[static_cast<std::size_t>(at)];
  const bool alone =
      std::ranges::count_if(methods, [&](const auto& other) { return other.name == method.name; }) == 1;
  return alone ? method.name : method.canonical();
}

constexpr std::size_t most_rows = 20;
constexpr std::size_t widest_line = 120;

Range range_of(const std::vector<sweep::TrialSummary>& trials, std::size_t metric) {
  Range range;
  for (const auto& trial : trials) {
    if (trial.metrics[metric].count == 0) continue;
    range.best = std::max(range.best, trial.metrics[metric].mean);
    range.worst = std::min(range.worst, trial.metrics[metric].mean);
  }
  return range;
}

/// Metrics that any trial has a value for: the objective, those that tell trials apart, the others.
std::vector<std::size_t> columns(const Material& m) {
  const auto& outcome = m.finished.outcome;
  std::vector<std::size_t> objective, telling, others;
  for (std::size_t i = 0; i < outcome.metrics.size(); ++i) {
    const auto range = range_of(outcome.trials, i);
    if (range.best < range.worst) continue;  // no value
    auto& group = outcome.metrics[i] == m.config.objective.maximize ? objective
                  : same(range.best, range.worst)                   ? others
                                                                    : telling;
    group.push_back(i);
  }
  objective.insert(objective.end(), telling.begin(), telling.end());
  objective.insert(objective.end(), others.begin(), others.end());
  return objective;
}

using Column = std::vector<std::string>;  ///< head, then a cell for each row

std::size_t width_of(const Column& column) { return std::ranges::max(column, {}, &std::string::size).size(); }

std::vector<Column> parameter_columns(const Material& m, std::span<const std::size_t> rows) {
  std::vector<Column> table{{"trial"}, {"method"}, {"embedder"}, {"reranker"}, {"k"}, {"llm"}};
  for (const auto t : rows) {
    const auto& trial = m.finished.plan.trials[t];
    table[0].push_back(std::to_string(trial.number));
    table[1].push_back(method_name(m.config, trial.method));
    table[2].push_back(trial.embedder);
    table[3].push_back(trial.reranker);
    table[4].push_back(std::to_string(trial.k));
    table[5].push_back(trial.llm);
  }
  if (m.finished.plan.nodes_of(sweep::Stage::rerank).empty()) table.erase(table.begin() + 3);
  return table;
}

Column metric_column(const Material& m, std::span<const std::size_t> rows, std::size_t metric) {
  const auto& outcome = m.finished.outcome;
  const auto range = range_of(outcome.trials, metric);
  Column column{short_name(outcome.metrics[metric])};
  for (const auto t : rows) column.push_back(cell(outcome.trials[t].metrics[metric], range));
  return column;
}

/// The first `parameters` columns are words, the others numbers.
std::string render(const std::vector<Column>& table, std::size_t parameters) {
  std::string text;
  for (std::size_t r = 0; r < table[0].size(); ++r) {
    std::string line;
    for (std::size_t c = 0; c < table.size(); ++c) {
      const auto width = width_of(table[c]);
      line += c < parameters ? fmt::format("{:<{}}  ", table[c][r], width)
                             : fmt::format("{:>{}}  ", table[c][r], width);
    }
    text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return text;
}

}  // namespace

std::string terminal_table(const Material& m, const stats::Verdict& verdict) {
  const auto& trials = m.finished.outcome.trials;
  auto rows = best_first(verdict, trials.size());
  rows.resize(std::min(rows.size(), most_rows));
  auto table = parameter_columns(m, rows);
  const auto parameters = table.size();
  std::size_t width = 0;
  for (const auto& column : table) width += width_of(column) + 2;
  std::size_t hidden = 0;
  for (const auto metric : columns(m)) {
    auto column = metric_column(m, rows, metric);
    width += width_of(column) + 2;
    if (width > widest_line && table.size() > parameters)
      ++hidden;
    else
      table.push_back(std::move(column));
  }
  auto text = render(table, parameters) + "* best of its column";
  if (trials.size() > rows.size()) text += fmt::format("; {} more trials", trials.size() - rows.size());
  if (hidden > 0)
    text += fmt::format("{} {} more metrics", trials.size() > rows.size() ? " and" : ";", hidden);
  if (hidden > 0 || trials.size() > rows.size()) text += " are in results.csv";
  if (m.config.judge.llm == "overlap")
    text += "; scored by the built-in overlap judge, not by a language model";
  for (const auto& warning : m.finished.warnings) text += "\nwarning: " + warning;
  return text + "\n";
}

}  // namespace dream::report
