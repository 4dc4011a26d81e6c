#pragma once
#include "config/config.hpp"

namespace dream::sweep {

/// Cores that this process may use: its affinity mask, bounded by the cgroup's CPU quota. At least 1.
[[nodiscard]] int cores_here();

/// Ranks of this job on this node, as the launcher tells (Open MPI, Slurm, MPICH); 1 when nobody does.
[[nodiscard]] int ranks_here();

/// Compute threads of this rank: device.threads, or its share of the node's cores. At least 1.
[[nodiscard]] int threads_for_this_rank(const config::Device& device);

}  // namespace dream::sweep
