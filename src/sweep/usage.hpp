#pragma once
#include <vector>

#include "sweep/call_session.hpp"
#include "sweep/outcome.hpp"

namespace dream::sweep {

/// What all ranks asked of endpoints, on rank 0. Collective.
[[nodiscard]] std::vector<CallUsage> gather_usage(comm::Communicator& comm, const calls::Usage& mine);

}  // namespace dream::sweep
