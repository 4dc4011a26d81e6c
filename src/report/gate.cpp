#include "report/gate.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

namespace dream::report {
namespace {

Gate parse_gate(std::string_view text) {
  const auto equals = text.find('=');
  Gate gate;
  const auto* end = text.data() + text.size();
  const auto* number = equals == std::string_view::npos ? end : text.data() + equals + 1;
  const auto parsed = std::from_chars(number, end, gate.least);
  if (equals == std::string_view::npos || equals == 0 || parsed.ec != std::errc() || parsed.ptr != end ||
      !std::isfinite(gate.least))
    throw ConfigError(
        fmt::format("--fail-below: \"{}\" is no METRIC=NUMBER; write, for example, faithfulness=0.8", text));
  gate.metric = text.substr(0, equals);
  return gate;
}

std::string where_interval_lies(const stats::Interval& interval, double least) {
  if (interval.high < least) return "all of its 95 % interval lies below";
  if (interval.low >= least) return "all of its 95 % interval lies at or above";
  return "its 95 % interval lies on both sides, so other questions could have come out otherwise";
}

}  // namespace

std::vector<Gate> parse_gates(std::string_view text) {
  std::vector<Gate> gates;
  while (true) {
    const auto comma = text.find(',');
    gates.push_back(parse_gate(text.substr(0, comma)));
    if (comma == std::string_view::npos) return gates;
    text.remove_prefix(comma + 1);
  }
}

std::string check_gates(const Record& record, std::size_t trial, const std::vector<Gate>& gates) {
  std::string reached;
  std::string missed;
  for (const auto& [metric, least] : gates) {
    const auto scores = record.scores(metric);
    const auto found = stats::estimate_mean(scores.row(static_cast<int>(trial)), record.questions.clusters,
                                            record.options());
    const bool below = found.questions == 0 || found.mean < least;
    auto line = fmt::format("{}: {}", record.trials[trial].title, metric);
    if (found.questions == 0)
      line += " has no value for any question\n";
    else
      line += fmt::format(" {:.4f} is {} {} ({:.4f} to {:.4f} over {} of {} questions: {})\n", found.mean,
                          below ? "below" : "not below", least, found.interval.low, found.interval.high,
                          found.questions, scores.questions, where_interval_lies(found.interval, least));
    (below ? missed : reached) += line;
  }
  if (!missed.empty()) {
    missed.pop_back();
    throw BelowGate(missed);
  }
  return reached;
}

}  // namespace dream::report
