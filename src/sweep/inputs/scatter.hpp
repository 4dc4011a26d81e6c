#pragma once
#include <vector>

#include "comm/communicator.hpp"

namespace dream::sweep {

/// Rank 0's messages, one for each rank, each to its rank; what the others pass is not looked at. Collective.
[[nodiscard]] Bytes scatter(comm::Communicator& comm, std::vector<Packer>& messages);

}  // namespace dream::sweep
