#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "tests/bench/simulation/world.hpp"

namespace dream::simulation {

struct StageResult {
  std::string name;
  double seconds = 0;
  double bound = 0;  ///< work of the stage over all ranks, or its longest part
};

struct Result {
  double makespan = 0;     ///< seconds
  double by_work = 0;      ///< bounds: all work over all ranks that live, rank 0 among them,
  double by_chain = 0;     ///< the longest part of each stage, one after the other,
  double by_endpoint = 0;  ///< all calls at the endpoint's pace
  std::vector<StageResult> stages;
  std::int64_t parts = 0;         ///< sealed
  std::int64_t lost = 0;          ///< ranks
  double messages = 0;            ///< of rank 0, a second, on average
  double most_messages = 0;       ///< in the stage with the most
  std::int64_t plan_bytes = 0;    ///< of the plan, on every rank
  std::int64_t item_bytes = 0;    ///< of the longest list of pending parts, on every rank
  std::int64_t sealed_bytes = 0;  ///< of the set of sealed parts, on every rank
  double scheduling = 0;  ///< seconds that this machine took for plan, pending() and dealing: each rank's

  [[nodiscard]] double bound() const;
  [[nodiscard]] double efficiency() const { return makespan > 0 ? bound() / makespan : 0; }
};

/// Lets a clock of discrete events run over the sweep. What is done by whom, when, and in which rounds is
/// asked of sweep/plan, sweep/schedule and calls/endpoint, the functions of a real run; only how long a thing
/// takes is made up (Costs).
/// `plan`: plan_of() a world of the same size.
[[nodiscard]] Result simulate(const World& world, const sweep::Plan& plan);
[[nodiscard]] Result simulate(const World& world);

}  // namespace dream::simulation
