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

std::string cell(const sweep::MetricSummary& summary, double best) {
  if (summary.count == 0) return "-";
  const bool marked = std::abs(summary.mean - best) < 5e-4;
  return fmt::format("{:.3f}{}", summary.mean, marked ? "*" : " ");
}

}  // namespace

std::string terminal_table(const Material& m) {
  const auto& outcome = m.finished.outcome;
  const auto& plan = m.finished.plan;
  std::vector<double> best(outcome.metrics.size(), -1e300);
  for (const auto& trial : outcome.trials) {
    for (std::size_t i = 0; i < best.size(); ++i) {
      if (trial.metrics[i].count > 0) best[i] = std::max(best[i], trial.metrics[i].mean);
    }
  }
  std::vector<std::vector<std::string>> rows{{"trial", "method", "embedder", "k", "llm"}};
  for (const auto& metric : outcome.metrics) rows[0].push_back(short_name(metric));
  for (const auto& trial : plan.trials) {
    const auto& method = m.config.space.methods[static_cast<std::size_t>(trial.method)];
    auto& row = rows.emplace_back();
    row = {std::to_string(trial.number), method.name, trial.embedder, std::to_string(trial.k), trial.llm};
    const auto& summary = outcome.trials[static_cast<std::size_t>(trial.number - 1)];
    for (std::size_t i = 0; i < best.size(); ++i) row.push_back(cell(summary.metrics[i], best[i]));
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
         (m.config.judge.llm == "overlap" ? "; scored by the built-in overlap judge, not by a language model\n" : "\n");
}

}  // namespace dream::report
