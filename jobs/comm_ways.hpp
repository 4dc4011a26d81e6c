#pragma once
#include <memory>
#include <string>
#include <vector>

#include "comm/communicator.hpp"
#include "comm/vector_exchange.hpp"
#include "jobs/comm_load.hpp"

namespace dream::jobs {

/// A way between ranks that comm_bench measures.
class Way {
 public:
  virtual ~Way() = default;
  [[nodiscard]] virtual std::string name() const = 0;
  [[nodiscard]] virtual bool has(Verb verb) const = 0;
  /// Takes over what the next run() moves. Local.
  virtual void take(Load load) = 0;
  /// What is timed. Collective; the same load any number of times.
  virtual void run() = 0;
  /// What the last run() brought to this rank. Local.
  [[nodiscard]] virtual Words arrived() = 0;
};

/// From host memory to host memory, as Communicator does it.
[[nodiscard]] std::unique_ptr<Way> over_mpi(comm::Communicator comm);
/// From a GPU's memory to a GPU's memory. Collective.
[[nodiscard]] std::unique_ptr<Way> over_nccl(comm::Communicator comm, const comm::NcclGround& ground);
/// all_to_all_v from host memory to host memory over the GPUs: how a sweep's vectors travel over NCCL.
[[nodiscard]] std::unique_ptr<Way> staged(std::unique_ptr<comm::VectorExchange> exchange);

}  // namespace dream::jobs
