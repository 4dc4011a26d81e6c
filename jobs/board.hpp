#pragma once
#include <cstdint>
#include <functional>
#include <memory>

#include "comm/communicator.hpp"
#include "config/config.hpp"
#include "sweep/run_context.hpp"

namespace dream::jobs {

/// Hears what the board shows: a stage, all its pieces, and those that are done.
using Watcher = std::function<void(sweep::Stage, std::int64_t items, std::int64_t done)>;

/// Progress on rank 0: on a terminal the stages as bars, and below the one at work the calls to endpoints,
/// what they cost of the budget, and the trial that leads; elsewhere, and in the log, a plain line for each
/// stage, and one a minute within a long one. NO_COLOR is heeded; TERM=dumb is no terminal. Other ranks post
/// what has changed, at most five times a second, and nobody waits for it. `config` outlives the board.
[[nodiscard]] std::unique_ptr<sweep::Progress> make_board(comm::Communicator& comm,
                                                          const config::Config& config, Log log,
                                                          Watcher watcher = {});

}  // namespace dream::jobs
