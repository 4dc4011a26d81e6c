#pragma once
#include <vector>

#include "base/pulse.hpp"
#include "comm/communicator.hpp"
#include "config/config.hpp"
#include "state/parts.hpp"
#include "stats/verdict.hpp"
#include "sweep/run.hpp"

namespace dream::sweep {

/// Scores of the objective by trial and question, NaN where there is none, from the parts of the plan. Each
/// rank reads its share. Collective; every rank gets all of them.
[[nodiscard]] stats::ScoreMatrix objective_scores(comm::Communicator& comm, const config::Config& config,
                                                  const Finished& finished, const state::PartStore& parts,
                                                  const Pulse& pulse);

/// The best trial, the ones that tie with it, how sure that is. The ranks share the resamples, whose counts
/// are integers, so the verdict is the same for any number of ranks. Questions about one document are one
/// cluster. Collective; every rank gets it.
[[nodiscard]] stats::Verdict judge_trials(comm::Communicator& comm, const config::Config& config,
                                          const Finished& finished, const state::PartStore& parts,
                                          const Pulse& pulse);

}  // namespace dream::sweep
