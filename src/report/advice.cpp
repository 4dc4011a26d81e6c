#include "report/advice.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

namespace dream::report {
namespace {

/// Below this number of questions none can be spared for a hold-out.
constexpr std::int64_t enough_to_spare = 40;

const sweep::TrialSummary& summary(const Material& m, int at) {
  return m.finished.outcome.trials.at(static_cast<std::size_t>(at));
}
const sweep::Trial& trial(const Material& m, int at) {
  return m.finished.plan.trials.at(static_cast<std::size_t>(at));
}

/// "0.0012 USD": as many digits as tell prices apart.
std::string usd(double value) { return fmt::format("{:.{}g} USD", value, value < 1 ? 2 : 4); }

std::string about_ties(const Material& m, const stats::Verdict& verdict) {
  if (verdict.ties.empty()) return "";
  const auto cheapest =
      std::ranges::min(verdict.ties, {}, [&](int at) { return std::pair(summary(m, at).question_usd, at); });
  const auto own = summary(m, verdict.winner).question_usd;
  const auto other = summary(m, cheapest).question_usd;
  if (other < 0.95 * own)
    return fmt::format(
        "Take trial {} instead: it cannot be told from the best, and a question costs {} with it.",
        trial(m, cheapest).number, usd(other));
  if (verdict.more_questions > 0)
    return fmt::format("Ask about {} more questions to tell the first two apart (dream_golden makes them).",
                       verdict.more_questions);
  return "Take any of those that tie: more questions would not tell them apart.";
}

/// The smallest and the largest value that trials with the winner's method have of each number.
std::map<std::string, std::pair<double, double>> ranges_of(const Material& m, const Choice& method) {
  std::map<std::string, std::pair<double, double>> ranges;
  const auto widen = [&](const std::string& name, double value) {
    auto& [low, high] = ranges.try_emplace(name, value, value).first->second;
    low = std::min(low, value);
    high = std::max(high, value);
  };
  for (const auto k : m.config.space.top_k) widen("top_k", static_cast<double>(k));
  for (const auto& other : m.config.space.methods) {
    if (other.name != method.name) continue;
    for (const auto& [name, value] : other.params.all()) {
      if (const auto* whole = std::get_if<std::int64_t>(&value)) widen(name, static_cast<double>(*whole));
      if (const auto* real = std::get_if<double>(&value)) widen(name, *real);
    }
  }
  return ranges;
}

std::optional<double> value_of(const sweep::Trial& best, const Choice& method, const std::string& name) {
  if (name == "top_k") return static_cast<double>(best.k);
  const auto found = method.params.all().find(name);
  if (found == method.params.all().end()) return std::nullopt;
  if (const auto* whole = std::get_if<std::int64_t>(&found->second)) return static_cast<double>(*whole);
  if (const auto* real = std::get_if<double>(&found->second)) return *real;
  return std::nullopt;
}

/// A winner at the edge of what was tried may have a better neighbour beyond it.
std::vector<std::string> about_edges(const Material& m, const stats::Verdict& verdict) {
  const auto& best = trial(m, verdict.winner);
  const auto& method = m.config.space.methods.at(static_cast<std::size_t>(best.method));
  std::vector<std::string> steps;
  for (const auto& [name, range] : ranges_of(m, method)) {
    const auto value = value_of(best, method, name);
    if (!value || range.first == range.second) continue;
    if (*value == range.second)
      steps.push_back(
          fmt::format("Try a larger {}: {} is the largest so far, and the best has it.", name, *value));
    else if (*value == range.first && *value > 1)
      steps.push_back(
          fmt::format("Try a smaller {}: {} is the smallest so far, and the best has it.", name, *value));
  }
  return steps;
}

void add(std::vector<std::string>& steps, std::string step) {
  if (!step.empty()) steps.push_back(std::move(step));
}

}  // namespace

std::string cost_sentence(const Material& m, const stats::Verdict& verdict) {
  double all = 0;
  std::int64_t tokens = 0;
  for (const auto& one : m.finished.outcome.trials) {
    all += one.cost_usd;
    tokens += one.input_tokens + one.output_tokens;
  }
  if (tokens == 0)
    return "Its answers cost nothing: they came from a built-in reader, not from a language model.";
  if (all == 0)
    return fmt::format("The answers of all trials took {} tokens; the config gives no price for them.",
                       tokens);
  const auto total = fmt::format("the answers of all trials cost {}", usd(all));
  if (verdict.winner < 0) return fmt::format("At the config's prices {}.", total);
  return fmt::format("At the config's prices a question costs {} with trial {}, and {}.",
                     usd(summary(m, verdict.winner).question_usd), trial(m, verdict.winner).number, total);
}

std::vector<std::string> next_steps(const Material& m, const stats::Verdict& verdict) {
  constexpr std::size_t most = 5;
  constexpr std::int64_t enough_documents = 40;
  std::vector<std::string> steps;
  if (verdict.winner < 0) return {"Look at what failed: no trial has enough values to be compared."};
  if (!verdict.set_aside.empty())
    steps.push_back(fmt::format("Look at what failed: {} of {} trials lack too many values to be compared.",
                                verdict.set_aside.size(), m.finished.plan.trials.size()));
  add(steps, about_ties(m, verdict));
  if (verdict.second >= 0 && verdict.clusters < enough_documents)
    steps.push_back(
        fmt::format("Ask about more documents: {} are too few for intervals to lean on.", verdict.clusters));
  for (auto& step : about_edges(m, verdict)) steps.push_back(std::move(step));
  if (m.finished.held_out == 0 && verdict.second >= 0 && std::ssize(m.finished.questions) >= enough_to_spare)
    steps.emplace_back(
        "Keep questions back with golden.holdout: they show how much being chosen flatters the best.");
  if (m.config.judge.llm == "overlap")
    steps.emplace_back(
        "Let a language model judge (judge.llm): the built-in judge compares words, not meaning.");
  steps.resize(std::min(steps.size(), most));
  return steps;
}

}  // namespace dream::report
