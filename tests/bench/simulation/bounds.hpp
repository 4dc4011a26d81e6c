#pragma once
#include "sweep/plan.hpp"
#include "sweep/schedule.hpp"
#include "tests/bench/simulation/simulation.hpp"
#include "tests/bench/simulation/world.hpp"

namespace dream::simulation {

/// Seconds of a part, for the one who makes it and writes it down, at full speed. Of `embed`: what its texts
/// take, wherever. Of `search`: of a shard.
[[nodiscard]] double cost(const World& world, sweep::Stage stage, const sweep::Item& item);

[[nodiscard]] double texts_of(const World& world, std::int64_t bytes);

/// What no schedule can beat; `by_work` by the ranks at the start, all of them at full speed.
struct Bounds {
  double work = 0;         ///< seconds of one rank at full speed
  double by_chain = 0;     ///< as in Result
  double by_endpoint = 0;  ///< as in Result
  std::vector<StageResult> stages;
};
[[nodiscard]] Bounds bounds_of(const World& world, const sweep::Plan& plan);

/// When all work could be done, were it cut as fine as sand: by ranks that are together as fast as `speed`
/// ranks at full speed, of which the first `lost` of world.losses leave.
[[nodiscard]] double time_for(double work, const World& world, double speed, std::int64_t lost);

}  // namespace dream::simulation
