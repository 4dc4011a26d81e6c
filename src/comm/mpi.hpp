#pragma once
#include <chrono>
#include <cstdint>

#include "comm/communicator.hpp"

/// MPI behind the Communicator. This header is free of mpi.h; only mpi.cpp includes it.
namespace dream::comm {

struct MpiOptions {
  /// How long the group waits for a rank from which it hears nothing: neither a pulse nor a wait of its own.
  /// A rank that computes shows that it lives with every pulse, so a stage may last for days; only a rank
  /// that is stopped, or stuck in one item of work for so long, ends the job. Where MPI survives a loss, a
  /// rank of the same host ends that process instead, and the others go on.
  std::chrono::milliseconds silence{std::chrono::minutes(30)};
  /// Where MPI survives a loss: how long a process may be stopped (SIGSTOP, a debugger) before a rank of the
  /// same host ends it.
  std::chrono::milliseconds stopped{std::chrono::seconds(10)};
  /// How often a rank shows that it lives.
  std::chrono::milliseconds beat{std::chrono::seconds(5)};
  /// Larger payloads travel in pieces; MPI counts are 32 bit. Tests lower it.
  std::int64_t piece_bytes = std::int64_t{1} << 30;
};

/// Starts MPI (threads: funneled) and finalises it when it goes, unless an exception is unwinding the stack,
/// in which case main() aborts. One per process, on the main thread.
class MpiEnvironment {
 public:
  MpiEnvironment(int& argc, char**& argv);
  ~MpiEnvironment();
  MpiEnvironment(const MpiEnvironment&) = delete;
  MpiEnvironment& operator=(const MpiEnvironment&) = delete;

 private:
  int exceptions_at_start_;
};

/// Whether a launcher (mpirun, srun, the MPI Operator) started this process, judged by its environment:
/// without one, self() spares the start of MPI.
[[nodiscard]] bool launched_by_mpi();

/// This process's rank as its launcher's environment says, before MPI has started; 0 without a launcher.
[[nodiscard]] int launched_rank();

/// All ranks of the job. Collective. Needs a live MpiEnvironment.
[[nodiscard]] Communicator mpi_world(const MpiOptions& options = {});

/// "Open MPI v4.1.4, ..." and whether this build has ULFM.
[[nodiscard]] std::string mpi_version();

}  // namespace dream::comm
