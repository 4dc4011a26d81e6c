#include "sweep/threads.hpp"

#include <sched.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <string>

#include "base/cgroup.hpp"

namespace dream::sweep {
namespace {

int number(const char* name) {
  const char* text = std::getenv(name);
  return text != nullptr ? std::atoi(text) : 0;
}

}  // namespace

int cores_here() {
  cpu_set_t set;
  CPU_ZERO(&set);
  int cores = ::sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
  if (const double limit = cgroup_limits().cores; limit > 0)
    cores = std::min(cores, static_cast<int>(std::ceil(limit)));
  return std::max(cores, 1);
}

int ranks_here() {
  for (const char* name : {"OMPI_COMM_WORLD_LOCAL_SIZE", "MPI_LOCALNRANKS", "PMI_LOCAL_SIZE"}) {
    if (const int n = number(name); n > 0) return n;
  }
  // Slurm writes "2(x3),1": tasks per node; the first node's number serves all.
  return std::max(number("SLURM_STEP_TASKS_PER_NODE"), 1);
}

std::int64_t memory_of_this_rank() { return cgroup_limits().memory_bytes / ranks_here(); }

std::int64_t reader_megabytes(const config::Corpus& corpus, std::int64_t rank_bytes) {
  // Below this the reader's own libraries do not fit.
  constexpr std::int64_t least = 256;
  if (rank_bytes <= 0) return corpus.reader_memory_mb;
  const auto share = rank_bytes / 2 / (1 << 20) / std::max<std::int64_t>(1, corpus.readers_per_rank);
  return std::min(corpus.reader_memory_mb, std::max(least, share));
}

int threads_for_this_rank(const config::Device& device) {
  if (device.threads > 0) return static_cast<int>(device.threads);
  return std::max(1, cores_here() / ranks_here());
}

}  // namespace dream::sweep
