#pragma once
#include <chrono>
#include <cstdint>

#include "comm/communicator.hpp"

/// MPI behind the Communicator. This header is free of mpi.h; only mpi.cpp includes it.
namespace dream::comm {

struct MpiOptions {
  /// A wait without an end is an error with a name. A dedicated rank 0 waits in agree() for the whole of a stage, which
  /// may be days; until waits can tell a busy rank from a stuck one, this must be longer than any stage.
  std::chrono::seconds deadline{std::chrono::hours(24 * 14)};
  /// Larger payloads travel in pieces; MPI counts are 32 bit. Tests lower it.
  std::int64_t piece_bytes = std::int64_t{1} << 30;
};

/// Starts MPI (threads: funneled) and finalises it when it goes, unless an exception is unwinding the stack, in which
/// case main() aborts. One per process, on the main thread.
class MpiEnvironment {
 public:
  MpiEnvironment(int& argc, char**& argv);
  ~MpiEnvironment();
  MpiEnvironment(const MpiEnvironment&) = delete;
  MpiEnvironment& operator=(const MpiEnvironment&) = delete;

 private:
  int exceptions_at_start_;
};

/// Whether a launcher (mpirun, srun, the MPI Operator) started this process, judged by its environment: without one,
/// self() spares the start of MPI.
[[nodiscard]] bool launched_by_mpi();

/// This process's rank as its launcher's environment says, before MPI has started; 0 without a launcher.
[[nodiscard]] int launched_rank();

/// All ranks of the job. Collective. Needs a live MpiEnvironment.
[[nodiscard]] Communicator mpi_world(const MpiOptions& options = {});

/// "Open MPI v4.1.4, ..." and whether this build has ULFM.
[[nodiscard]] std::string mpi_version();

}  // namespace dream::comm
