#include <algorithm>
#include <set>

#include "report/forecast.hpp"
#include "report/page_pieces.hpp"

namespace dream::report {

using json = nlohmann::ordered_json;
namespace {

/// The node of a stage that a trial goes through. Reading and gold are everybody's.
int node_of(const sweep::Trial& trial, sweep::Stage stage, int everybody) {
  switch (stage) {
    case sweep::Stage::chunk:
      return trial.chunk;
    case sweep::Stage::embed:
      return trial.embed;
    case sweep::Stage::query:
      return trial.query;
    case sweep::Stage::index:
      return trial.index;
    case sweep::Stage::search:
      return trial.search;
    case sweep::Stage::rerank:
      return trial.rerank;
    case sweep::Stage::select:
      return trial.select;
    case sweep::Stage::score:
      return trial.score;
    default:
      return everybody;
  }
}

/// The stages that this sweep has, in their order.
std::vector<sweep::Stage> stages_of(const sweep::Plan& plan) {
  std::vector<sweep::Stage> stages;
  for (int s = 0; s < sweep::stage_count; ++s) {
    if (!plan.nodes_of(static_cast<sweep::Stage>(s)).empty()) stages.push_back(static_cast<sweep::Stage>(s));
  }
  return stages;
}

}  // namespace

json stage_rows(const Material& m, const PageLimits& limits) {
  const auto& plan = m.finished.plan;
  json rows = json::array();
  for (const auto stage : stages_of(plan)) {
    const auto nodes = plan.nodes_of(stage);
    std::map<int, std::int64_t> users;
    for (const auto& trial : plan.trials) ++users[node_of(trial, stage, nodes.empty() ? -1 : nodes.front())];
    std::int64_t parts = 0;
    json list = json::array();
    for (const int number : nodes) {
      const auto& one = node(m, number);
      parts += plan.parts_of(one);
      if (list.size() < limits.nodes) list.push_back({one.label, plan.parts_of(one), users[number]});
    }
    rows.push_back({{"name", name_of(stage)}, {"nodes", nodes.size()}, {"parts", parts}, {"list", list}});
  }
  return rows;
}

namespace {

/// Serving latency by trial number; null without objective.latency_probe.
json probed(const Material& m) {
  const auto& all = m.finished.outcome.probed;
  if (all.empty()) return nullptr;
  json trials = json::array();
  for (const auto& one : all) {
    json row = {{"trial", one.number}, {"questions", one.questions}, {"p50", nullptr}, {"p95", nullptr}};
    if (one.latency) row["p50"] = shown(one.latency->p50_s), row["p95"] = shown(one.latency->p95_s);
    row["failure"] = one.failure;
    trials.push_back(std::move(row));
  }
  return trials;
}

}  // namespace

std::string page_measured(const Material& m) {
  const auto& ranks = m.finished.outcome.ranks;
  json stages = json::array();
  for (const auto stage : stages_of(m.finished.plan)) {
    const auto s = static_cast<std::size_t>(stage);
    double sum = 0;
    double slowest = 0;
    std::int64_t made = 0;
    for (const auto& rank : ranks) {
      sum += rank.seconds[s];
      slowest = std::max(slowest, rank.seconds[s]);
      made += rank.parts[s];
    }
    stages.push_back({{"seconds", shown(sum)}, {"slowest", shown(slowest)}, {"made", made}});
  }
  std::int64_t calls = 0;
  std::int64_t from_state = 0;
  for (const auto& rank : ranks) calls += rank.calls, from_state += rank.calls_from_state;
  const std::set<std::string> hosts(m.finished.outcome.hosts.begin(), m.finished.outcome.hosts.end());
  json usage = json::array();
  for (const auto& row : m.finished.outcome.usage) {
    usage.push_back({{"purpose", row.purpose},
                     {"model", row.model},
                     {"sent", row.sent},
                     {"from_state", row.from_state},
                     {"given_up", row.given_up},
                     {"input_tokens", row.input_tokens},
                     {"output_tokens", row.output_tokens},
                     {"usd", row.cost_usd},
                     {"p50", shown(row.latency_p50_s)},
                     {"p95", shown(row.latency_p95_s)}});
  }
  const json data = {{"ranks", ranks.size()},
                     {"hosts", hosts.size()},
                     {"stages", stages},
                     {"calls", calls},
                     {"calls_from_state", from_state},
                     {"usage", usage},
                     {"latency_probe", probed(m)},
                     {"forecast", forecast_beside_fact(m.config, m.finished)}};
  return data.dump();
}

}  // namespace dream::report
