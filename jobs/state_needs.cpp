#include "jobs/state_needs.hpp"

#include <algorithm>
#include <memory>

#include "calls/endpoint.hpp"
#include "calls/ledger.hpp"
#include "comm/communicator.hpp"
#include "jobs/s3.hpp"
#include "net/redact.hpp"
#include "state/parts.hpp"
#include "sweep/call_session.hpp"
#include "sweep/run.hpp"

namespace fs = std::filesystem;

namespace dream::jobs {
namespace {

struct Quiet : sweep::Progress {
  void begin(sweep::Stage, std::int64_t, std::int64_t) override {}
  void advance(std::int64_t) override {}
  void end() override {}
};

/// The hold-out's parts: needed where they are, but nobody can plan which finalists will make them.
void add_parts(const sweep::Plan& plan, Need& need) {
  for (const auto& node : plan.nodes) {
    for (int part = 0; part < plan.parts_of(node); ++part)
      need.parts.emplace(plan.part_key(node, part), sweep::name_of(node.stage));
  }
}

}  // namespace

Need plan_need(const config::Config& config, const Survey& survey, const Pulse& pulse) {
  sweep::RunOptions options;
  options.plan_only = true;
  options.stop = pulse;
  auto comm = comm::self();
  net::Redactor redact;
  std::unique_ptr<storage::Service> s3;
  if (config::uses_s3(config)) s3 = open_s3(comm, s3_settings(config.s3), redact);
  options.s3 = s3.get();
  Quiet quiet;
  const auto finished = sweep::run(comm, config, options, quiet);
  const auto& plan = finished.plan;
  Need need{config.file, config.sweep.name, {}, {}, {}, "", {}};
  for (const auto& node : plan.nodes) {
    const std::string stage = sweep::name_of(node.stage);
    for (int part = 0; part < plan.parts_of(node); ++part) {
      const auto key = plan.part_key(node, part);
      if (!need.parts.emplace(key, stage).second) continue;
      ++need.planned[stage];
      if (survey.stage_of.contains(key)) ++need.sealed[stage];
    }
  }
  if (finished.hold_out) add_parts(finished.hold_out->plan, need);
  need.budgets = calls::ledgers_of("", config.sweep.name).filename().string();
  for (const auto& [name, model] : config.models) {
    if (!sweep::is_remote(model)) continue;
    const auto endpoint = calls::endpoint_of(model);
    need.prices[endpoint.model] = {endpoint.price_input, endpoint.price_output};
  }
  return need;
}

std::vector<fs::path> find_orphans(const fs::path& folder, const Survey& survey,
                                   const std::vector<Need>& needs) {
  const state::PartStore store(folder, "", 0);
  std::vector<fs::path> orphans = survey.alone;
  for (const auto& [key, stage] : survey.stage_of) {
    if (std::ranges::any_of(needs, [&](const auto& need) { return need.parts.contains(key); })) continue;
    // In this order they go: a part without its index file would be a damaged one.
    orphans.push_back(store.path(key));
    if (fs::exists(store.path(key, "faiss"))) orphans.push_back(store.path(key, "faiss"));
  }
  const bool dead = std::ranges::all_of(survey.claims, &state::ClaimSeen::gone);
  if (dead) orphans.insert(orphans.end(), survey.leftovers.begin(), survey.leftovers.end());
  return orphans;
}

}  // namespace dream::jobs
