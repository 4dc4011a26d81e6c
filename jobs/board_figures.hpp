#pragma once
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "comm/communicator.hpp"
#include "config/config.hpp"
#include "stats/fixed.hpp"
#include "sweep/run_context.hpp"

/// What ranks tell the board, as numbers that add up, and what they add up to. Plain values.
namespace dream::jobs {

/// What has changed on one rank since it was last taken.
class Changes {
 public:
  void parts(std::int64_t more) { add(0, more); }
  void calls(const sweep::CallsNow& now);
  void scored(int node, const stats::FixedMoments& moments);
  [[nodiscard]] std::vector<comm::Count> take();

 private:
  void add(std::int64_t what, std::int64_t more) {
    if (more != 0) counts_[what] += more;
  }
  std::map<std::int64_t, std::int64_t> counts_;
  sweep::CallsNow told_;
};

/// What all ranks have told.
struct Totals {
  std::int64_t parts = 0;  ///< since somebody set it to 0
  std::int64_t in_flight = 0;
  std::int64_t sent = 0;
  double usd = 0;
  std::int64_t tokens = 0;
  std::map<int, stats::FixedMoments> scores;  ///< by score node

  void add(std::span<const comm::Count> counts);
};

/// The trial that leads by what is scored so far, and how sure that is.
struct Leader {
  std::string trial;
  std::string metric;
  double mean = 0;
  double half_width = 0;  ///< 1.96 standard errors of the mean: 95 %, as if questions were independent
  std::int64_t questions = 0;
};

/// Among the trials with at least half as many scores as the one that has most, since few are soon high by
/// chance; nothing (no questions) before one trial has two. Trials in the plan's order break ties.
[[nodiscard]] Leader leader_of(const Totals& totals, const sweep::Plan& plan, const config::Config& config);

}  // namespace dream::jobs
