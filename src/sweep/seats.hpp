#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "comm/communicator.hpp"
#include "comm/hosts.hpp"
#include "config/config.hpp"
#include "device/backend.hpp"

namespace dream::sweep {

/// The GPU that this rank computes on, or what speaks against it.
struct Seat {
  std::optional<device::Refusal> refusal;   ///< this rank's
  std::optional<device::Refusal> crowding;  ///< too many ranks on one card; the same on all ranks
  device::Gpu gpu;
  int ranks = 1;  ///< that share the card
  /// Bytes of this rank's part that vectors on their way may take, where NCCL may carry them.
  std::int64_t for_exchange = 0;
};

/// Finds the GPUs for a row of the table of accelerators: the ranks of a host take its GPUs round about.
/// Throws Error on all ranks where the driver fails. Collective.
[[nodiscard]] Seat find_seat(comm::Communicator& comm, const comm::Hosts& hosts,
                             const device::BackendRow& row, const config::Device& wanted);

/// What this rank's models and searches compute with beside the CPU, with its part of device.memory_share;
/// null where device.backend is the CPU. Throws Error on all ranks that names the first rank that cannot, its
/// host and a remedy, also when the ranks' GPUs would not give the same bits. Collective.
[[nodiscard]] std::shared_ptr<device::Accelerator> open_accelerator(comm::Communicator& comm,
                                                                    const comm::Hosts& hosts,
                                                                    const config::Device& wanted, Seat& seat);

}  // namespace dream::sweep
