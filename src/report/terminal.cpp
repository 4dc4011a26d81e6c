#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "report/outputs.hpp"

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

}  // namespace

std::string terminal_table(const Material& m) {
  const auto& outcome = m.finished.outcome;
  const auto& plan = m.finished.plan;
  std::vector<Range> ranges(outcome.metrics.size());
  for (const auto& trial : outcome.trials) {
    for (std::size_t i = 0; i < ranges.size(); ++i) {
      if (trial.metrics[i].count == 0) continue;
      ranges[i].best = std::max(ranges[i].best, trial.metrics[i].mean);
      ranges[i].worst = std::min(ranges[i].worst, trial.metrics[i].mean);
    }
  }
  std::vector<std::vector<std::string>> rows{{"trial", "method", "embedder", "k", "llm"}};
  for (const auto& metric : outcome.metrics) rows[0].push_back(short_name(metric));
  for (const auto& trial : plan.trials) {
    auto& row = rows.emplace_back();
    row = {std::to_string(trial.number), method_name(m.config, trial.method), trial.embedder,
           std::to_string(trial.k), trial.llm};
    const auto& summary = outcome.trials[static_cast<std::size_t>(trial.number - 1)];
    for (std::size_t i = 0; i < ranges.size(); ++i) row.push_back(cell(summary.metrics[i], ranges[i]));
  }
  std::vector<std::size_t> width(rows[0].size(), 0);
  for (const auto& row : rows) {
    for (std::size_t c = 0; c < row.size(); ++c) width[c] = std::max(width[c], row[c].size());
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t c = 0; c < row.size(); ++c) {
      line += c < 5 ? fmt::format("{:<{}}  ", row[c], width[c]) : fmt::format("{:>{}}  ", row[c], width[c]);
    }
    text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return text + "* best of its column" +
         (m.config.judge.llm == "overlap"
              ? "; scored by the built-in overlap judge, not by a language model\n"
              : "\n");
}

}  // namespace dream::report
