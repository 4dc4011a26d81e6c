#include <algorithm>
#include <set>

#include "dream_version.hpp"
#include "report/advice.hpp"
#include "report/hold_out.hpp"
#include "report/noise.hpp"
#include "report/page_pieces.hpp"

namespace dream::report {

using json = nlohmann::ordered_json;
namespace {

/// Names of all parameters that some method has.
std::vector<std::string> method_parameters(const Material& m) {
  std::set<std::string> names;
  for (const auto& method : m.config.space.methods) {
    for (const auto& [name, value] : method.params.all()) names.insert(name);
  }
  return {names.begin(), names.end()};
}

json to_json(const Value& value) {
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return *whole;
  if (const auto* real = std::get_if<double>(&value)) return *real;
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  return to_text(value);
}

json parameters_of(const Material& m, const sweep::Trial& trial, const std::vector<std::string>& names) {
  const auto& method = m.config.space.methods[static_cast<std::size_t>(trial.method)];
  json values = json::array({method.name});
  for (const auto& name : names) {
    const auto found = method.params.all().find(name);
    values.push_back(found == method.params.all().end() ? json(nullptr) : to_json(found->second));
  }
  values.insert(values.end(), {trial.embedder, trial.reranker, trial.k, trial.llm});
  return values;
}

/// Where the mean of the objective lies, and how far it is behind the best on the questions of both.
json intervals(const Material& m, const stats::Verdict& verdict, const Survey& found, std::size_t trial,
               std::size_t at) {
  constexpr std::size_t compared = 20;
  m.pulse();
  const auto seed = static_cast<std::uint64_t>(m.config.sweep.seed);
  const auto& own = found.objective.at(trial);
  const auto mean = estimate(own, m.finished.question_clusters, seed, at);
  json row = {{"interval", nullptr}, {"behind", nullptr}};
  if (mean.questions > 0) row["interval"] = {shown(mean.interval.low), shown(mean.interval.high)};
  if (at >= compared || verdict.winner < 0 || static_cast<std::size_t>(verdict.winner) == trial) return row;
  const auto& best = found.objective.at(static_cast<std::size_t>(verdict.winner));
  const auto behind = stats::compare(own, best, m.finished.question_clusters, {.seed = seed});
  if (behind.questions > 0)
    row["behind"] = {shown(behind.mean), shown(behind.interval.low), shown(behind.interval.high)};
  return row;
}

json trial_row(const Material& m, const stats::Verdict& verdict, std::size_t at,
               const std::vector<std::string>& names) {
  const auto& trial = m.finished.plan.trials[at];
  const auto& summary = m.finished.outcome.trials[at];
  json means = json::array(), errors = json::array(), counts = json::array();
  for (const auto& metric : summary.metrics) {
    means.push_back(metric.count > 0 ? json(shown(metric.mean)) : json(nullptr));
    errors.push_back(metric.count > 0 ? json(shown(metric.standard_error)) : json(nullptr));
    counts.push_back(metric.count);
  }
  return {{"number", trial.number},
          {"parameters", parameters_of(m, trial, names)},
          {"mean", means},
          {"error", errors},
          {"count", counts},
          {"input_tokens", summary.input_tokens},
          {"output_tokens", summary.output_tokens},
          {"cost", summary.cost_usd},
          {"question_usd", summary.question_usd},
          {"failed_answers", summary.failed_answers},
          {"flagged", summary.flagged},
          {"p", at < verdict.p.size() ? json(shown(verdict.p[at])) : json(nullptr)},
          {"mark", mark_of(verdict, at)}};
}

json failures(const Material& m, const Survey& found, const PageLimits& limits) {
  json reasons = json::array(), documents = json::array();
  for (const auto& [what, count] : found.reasons) reasons.push_back({what.first, what.second, count});
  for (const auto& failed : m.finished.outcome.failed_documents) {
    if (documents.size() == limits.failed_documents) break;
    documents.push_back({cut(failed.name, 300), failed.reason, cut(failed.detail, 300)});
  }
  return {{"reasons", reasons},
          {"documents", documents},
          {"all_documents", m.finished.outcome.failed_documents.size()}};
}

}  // namespace

std::string page_data(const Material& m, const stats::Verdict& verdict, const PageLimits& limits) {
  const auto& outcome = m.finished.outcome;
  auto order = best_first(verdict, m.finished.plan.trials.size());
  order.resize(std::min(order.size(), limits.trials));
  const std::span finalists(order.data(), std::min(order.size(), limits.finalists));
  const auto methods = method_parameters(m);
  json parameters = json::array({"method"});
  for (const auto& name : methods) parameters.push_back(name);
  parameters.insert(parameters.end(), {"embedder", "reranker", "top_k", "llm"});
  const auto found = survey(m, order);
  json trials = json::array();
  for (std::size_t i = 0; i < order.size(); ++i) {
    trials.push_back(trial_row(m, verdict, order[i], methods));
    trials.back().update(intervals(m, verdict, found, order[i], i));
  }
  Shelf shelf(m, limits);
  auto questions = questions_of(m, finalists, found, limits, shelf);
  const json data = {
      {"program", version::program},
      {"sweep", m.config.sweep.name},
      {"objective", m.config.objective.maximize},
      {"judge", m.config.judge.llm},
      {"golden", m.finished.plan.questions.hex()},
      {"judge_noise", judge_noise(m)},
      {"warnings", m.finished.warnings},
      {"documents", outcome.documents},
      {"asked", m.finished.questions.size()},
      {"verdict",
       {{"sentence", verdict.sentence},
        {"ties", verdict.ties.size()},
        {"cost", cost_sentence(m, verdict)},
        {"next", next_steps(m, verdict)}}},
      {"holdout", to_json(judge_hold_out(m, verdict))},
      {"metrics", outcome.metrics},
      {"parameters", parameters},
      {"trials", trials},
      {"all_trials", m.finished.plan.trials.size()},
      {"finalists", finalists.size()},
      {"questions", std::move(questions)},
      {"passages", shelf.take_passages()},
      {"texts", shelf.take_texts()},
      {"stages", stage_rows(m, limits)},
      {"failures", failures(m, found, limits)},
      {"gold", {{"without", outcome.gold.without}, {"lost_passages", outcome.gold.lost_passages}}},
      {"rows_to_try_again", outcome.transient_rows},
  };
  // Names of files may be in any encoding; a byte that is no UTF-8 becomes U+FFFD.
  return data.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace dream::report
