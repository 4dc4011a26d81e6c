#pragma once
#include <cstdint>

#include "config/config.hpp"

namespace dream::sweep {

/// Cores that this process may use: its affinity mask, bounded by the cgroup's CPU quota. At least 1.
[[nodiscard]] int cores_here();

/// Ranks of this job on this node, as the launcher tells (Open MPI, Slurm, MPICH); 1 when nobody does.
[[nodiscard]] int ranks_here();

/// What this rank may take of the memory that its control groups allow to all ranks of this node together; 0:
/// they set no limit.
[[nodiscard]] std::int64_t memory_of_this_rank();

/// Megabytes for one reader process: what the config says, or less where a rank's readers together would take
/// more than half of memory_of_this_rank(): a document that needs more then fails with a reason, where the
/// kernel would end the whole rank. Pure.
[[nodiscard]] std::int64_t reader_megabytes(const config::Corpus& corpus, std::int64_t rank_bytes);

/// Compute threads of this rank: device.threads, or its share of the node's cores. At least 1.
[[nodiscard]] int threads_for_this_rank(const config::Device& device);

}  // namespace dream::sweep
