#include "jobs/board_figures.hpp"

#include <algorithm>

namespace dream::jobs {
namespace {

/// Numbers of Count::what; those of a score node begin at `scores` + 3 * node.
enum What : std::int64_t { parts, in_flight, sent, usd, tokens, scores };

}  // namespace

void Changes::calls(const sweep::CallsNow& now) {
  add(in_flight, now.in_flight - told_.in_flight);
  add(sent, now.sent - told_.sent);
  add(usd, stats::to_fixed(now.spent.usd) - stats::to_fixed(told_.spent.usd));
  add(tokens, now.spent.tokens - told_.spent.tokens);
  told_ = now;
}

void Changes::scored(int node, const stats::FixedMoments& moments) {
  const auto first = scores + std::int64_t{3} * node;
  add(first, moments.count);
  add(first + 1, moments.sum);
  add(first + 2, moments.sum_of_squares);
}

std::vector<comm::Count> Changes::take() {
  std::vector<comm::Count> counts;
  for (const auto& [what, more] : counts_) counts.push_back({what, more});
  counts_.clear();
  return counts;
}

void Totals::add(std::span<const comm::Count> counts) {
  for (const auto& [what, more] : counts) {
    if (what >= What::scores) {
      auto& moments = scores[static_cast<int>((what - What::scores) / 3)];
      const auto field = (what - What::scores) % 3;
      (field == 0 ? moments.count : field == 1 ? moments.sum : moments.sum_of_squares) += more;
    } else if (what == What::usd) {
      usd += stats::from_fixed(more);
    } else {
      (what == What::parts       ? parts
       : what == What::in_flight ? in_flight
       : what == What::sent      ? sent
                                 : tokens) += more;
    }
  }
}

Leader leader_of(const Totals& totals, const sweep::Plan& plan, const config::Config& config) {
  std::int64_t most = 0;
  for (const auto& [node, moments] : totals.scores) most = std::max(most, moments.count);
  const sweep::Trial* best = nullptr;
  const stats::FixedMoments* its = nullptr;
  for (const auto& trial : plan.trials) {
    const auto found = totals.scores.find(trial.score);
    if (found == totals.scores.end() || found->second.count < std::max<std::int64_t>(2, (most + 1) / 2))
      continue;
    if (best != nullptr && found->second.mean() <= its->mean()) continue;
    best = &trial;
    its = &found->second;
  }
  if (best == nullptr) return {};
  return {sweep::title_of(config, *best), config.objective.maximize, its->mean(),
          1.96 * its->standard_error(), its->count};
}

}  // namespace dream::jobs
