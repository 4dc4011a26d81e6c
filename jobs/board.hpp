#pragma once
#include <chrono>
#include <cstdint>
#include <memory>

#include "comm/communicator.hpp"
#include "sweep/run_context.hpp"

namespace dream::jobs {

/// Progress on rank 0: one line for the stage at work, redrawn on a terminal, plain lines elsewhere and in
/// the log. Other ranks post how many parts they have finished, at most five times a second.
[[nodiscard]] std::unique_ptr<sweep::Progress> make_board(comm::Communicator& comm, Log log);

}  // namespace dream::jobs
