#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

#include "comm/communicator.hpp"
#include "sweep/run_context.hpp"

namespace dream::jobs {

/// Hears what the board shows: a stage, all its pieces, and those that are done.
using Watcher = std::function<void(sweep::Stage, std::int64_t items, std::int64_t done)>;

/// Progress on rank 0: one line for the stage at work, redrawn on a terminal, plain lines elsewhere and in
/// the log. Other ranks post how many parts they have finished, at most five times a second.
[[nodiscard]] std::unique_ptr<sweep::Progress> make_board(comm::Communicator& comm, Log log,
                                                          Watcher watcher = {});

}  // namespace dream::jobs
