#include "sweep/verdict.hpp"

#include <algorithm>
#include <limits>

#include "comm/agree.hpp"
#include "parts/results.hpp"

namespace dream::sweep {
namespace {

/// A slice of a score node and the rank that reads it.
struct Slot {
  int node = 0;
  int part = 0;
  int rank = 0;
};

std::vector<Slot> slots_of(const Plan& plan, int ranks) {
  std::vector<Slot> slots;
  for (const int node : plan.nodes_of(Stage::score)) {
    for (int part = 0; part < std::ssize(plan.slices); ++part)
      slots.push_back({node, part, static_cast<int>(std::ssize(slots)) % ranks});
  }
  return slots;
}

std::vector<double> read_slot(const Plan& plan, const state::PartStore& parts, const Slot& slot,
                              std::size_t metric) {
  const auto& node = plan.nodes[static_cast<std::size_t>(slot.node)];
  std::vector<double> values;
  for (const auto& result : parts::load_results(parts.open(plan.part_key(node, slot.part))).results) {
    const auto& score = result.scores.at(metric);
    values.push_back(score.has_value() ? score.value : std::numeric_limits<double>::quiet_NaN());
  }
  return values;
}

}  // namespace

stats::ScoreMatrix objective_scores(comm::Communicator& comm, const config::Config& config,
                                    const Finished& finished, const state::PartStore& parts,
                                    const Pulse& pulse) {
  const auto& plan = finished.plan;
  const auto& metrics = finished.outcome.metrics;
  const auto metric =
      static_cast<std::size_t>(std::ranges::find(metrics, config.objective.maximize) - metrics.begin());
  const auto slots = slots_of(plan, comm.size());
  std::vector<double> mine;
  comm::agree(comm, [&] {
    for (const auto& slot : slots) {
      if (slot.rank != comm.rank()) continue;
      pulse();
      const auto values = read_slot(plan, parts, slot, metric);
      mine.insert(mine.end(), values.begin(), values.end());
    }
  });
  const auto all = comm.all_gather_v(std::span<const double>(mine));
  std::vector<std::size_t> read(static_cast<std::size_t>(comm.size()), 0);
  std::map<int, std::vector<double>> rows;  // by node
  for (const auto& slot : slots) {
    const auto& slice = plan.slices[static_cast<std::size_t>(slot.part)];
    const auto count = static_cast<std::size_t>(slice.end - slice.begin);
    auto& at = read[static_cast<std::size_t>(slot.rank)];
    const auto values = all.from(slot.rank).subspan(at, count);
    at += count;
    rows[slot.node].insert(rows[slot.node].end(), values.begin(), values.end());
  }
  stats::ScoreMatrix scores(static_cast<int>(plan.trials.size()),
                            static_cast<int>(finished.questions.size()));
  for (int t = 0; t < scores.trials; ++t)
    std::ranges::copy(rows.at(plan.trials[static_cast<std::size_t>(t)].score), scores.row(t).begin());
  return scores;
}

stats::Verdict judge_trials(comm::Communicator& comm, const config::Config& config, const Finished& finished,
                            const state::PartStore& parts, const Pulse& pulse) {
  const auto scores = objective_scores(comm, config, finished, parts, pulse);
  std::vector<std::string> names;
  for (const auto& trial : finished.plan.trials) names.push_back(title_of(config, trial));
  const stats::VerdictInput input{.scores = &scores,
                                  .names = names,
                                  .metric = config.objective.maximize,
                                  .cluster = finished.question_clusters};
  const stats::Options options{.seed = static_cast<std::uint64_t>(config.sweep.seed)};
  std::vector<std::int64_t> counts;
  comm::agree(comm, [&] {
    counts = stats::count_resamples(input, options, pulse, {comm.rank(), comm.size()});
  });
  comm.all_reduce(counts, comm::Reduce::sum);
  return stats::judge_trials(input, options, counts);
}

}  // namespace dream::sweep
