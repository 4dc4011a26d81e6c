#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "comm/communicator.hpp"
#include "comm/gpu_calls.hpp"
#include "comm/nccl.hpp"

namespace dream::comm {

/// How vectors travel between ranks: the one verb that MPI and NCCL have in common for those who move them.
/// Same bytes either way.
class VectorExchange {
 public:
  virtual ~VectorExchange() = default;
  /// "mpi" or "nccl".
  [[nodiscard]] virtual std::string name() const = 0;
  /// Communicator::all_to_all_v for bytes in host memory. Collective.
  [[nodiscard]] virtual Gathered<char> all_to_all_v(std::span<const char> out,
                                                    std::span<const std::int64_t> counts) = 0;
  /// The end of one that is not needed any more and did not fail. Collective.
  virtual void close() {}
};

/// What a rank has for NCCL, or why it cannot.
struct GpuFacts {
  std::string host;
  std::string obstacle;  ///< empty: it can
  std::string gpu;       ///< its address on the host's bus
  int nccl = 0;          ///< version, as 22809
  bool shares = false;   ///< NCCL_MULTI_RANK_GPU_ENABLE=1 in its environment
};

struct ExchangeChoice {
  bool nccl = false;
  std::string reason;  ///< for the log, or for the error where NCCL was asked for
};

/// By the facts of all ranks: NCCL needs the same version everywhere, and a GPU for each rank, unless that
/// version and the environment let ranks share one.
[[nodiscard]] ExchangeChoice choose_exchange(std::span<const GpuFacts> by_rank);

/// Where the libraries are looked for.
struct GpuLibraries {
  std::string cuda = "libcuda.so.1";
  std::string nccl = "libnccl.so.2";
};

/// Whether all ranks together can use NCCL, and what this one needs for it.
struct NcclGround {
  ExchangeChoice choice;
  std::shared_ptr<const GpuCalls> calls;  ///< null where there is an obstacle
  int ordinal = 0;  ///< of this rank's GPU: its number among the ranks of its host, counted round
};
/// Never throws for what a rank lacks: the choice says it. Collective.
[[nodiscard]] NcclGround find_nccl(Communicator& comm, const GpuLibraries& libraries = {});

struct ExchangeOptions {
  std::string wish = "auto";  ///< auto | mpi | nccl
  /// Whether the vectors are made on GPUs. If not, `auto` is MPI: they would travel up and down for nothing.
  bool made_on_gpus = false;
  /// Memory of the GPU for bytes on their way in, and as much for those on their way out.
  std::int64_t staging_bytes = std::int64_t{64} << 20;
  GpuLibraries libraries;
  NcclOptions nccl;
};

/// Chooses, and logs the choice with its reason on rank 0. Throws Error (exit code `device`) on all ranks
/// alike when NCCL was asked for and cannot be, naming the first rank, its host and the remedy. Collective.
[[nodiscard]] std::unique_ptr<VectorExchange> open_vector_exchange(Communicator& comm,
                                                                   const ExchangeOptions& options,
                                                                   const Log& log);

}  // namespace dream::comm
