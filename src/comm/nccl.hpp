#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "comm/communicator.hpp"
#include "comm/gpu.hpp"

namespace dream::comm {

struct NcclOptions {
  /// How long a step of NCCL may take. It does not wait for a rank that still computes: every verb begins
  /// when all ranks have come to it, and that wait is MPI's (MpiOptions::silence). So this bounds the way of
  /// the bytes alone.
  std::chrono::milliseconds deadline{std::chrono::minutes(5)};
};

/// A group of ranks, each with a GPU, that move bytes from one GPU's memory to another's. Sums are not for
/// it: what must be exact stays on MPI.
///
/// Every verb but abort() is collective and blocks until the bytes are there; what the caller did to the
/// buffers must have ended before. While it waits it polls the stream, NCCL's asynchronous error and the
/// clock, and shows the others that this rank lives. A failure, a deadline that passed, and a loss that MPI
/// tells (RanksLost) abort the communicator. One that was aborted is dead: every verb throws CommError.
///
/// Buffers of a rank: a, b, c stand for bytes in the memory of GPUs 0, 1, 2.
class Nccl {
 public:
  /// Collective over `group`, in whose order ranks are numbered. Throws Error (exit code `device`) on all
  /// ranks alike when one cannot start.
  Nccl(Communicator group, std::shared_ptr<const Gpu> gpu, const NcclOptions& options = {});
  /// Without close() it aborts, which is local.
  ~Nccl();
  Nccl(const Nccl&) = delete;
  Nccl& operator=(const Nccl&) = delete;

  [[nodiscard]] int rank() const { return group_.rank(); }
  [[nodiscard]] int size() const { return group_.size(); }

  /// a|?|?  ->  a|a|a     (root 0; sizes agree on all ranks)
  void broadcast(DeviceSpan data, int root);

  /// aa||c  ->  aac|aac|aac     counts: bytes of each rank, the same on all; `all` holds their sum.
  void all_gather_v(DeviceSpan mine, std::span<const std::int64_t> counts, DeviceSpan all);

  /// What each rank will send to this one, from what this one sends to each: the in_counts of all_to_all_v.
  [[nodiscard]] std::vector<std::int64_t> exchange_counts(std::span<const std::int64_t> out_counts);

  /// a0 a1 a2|b0 b1 b2|c0 c1 c2  ->  a0 b0 c0|a1 b1 c1|a2 b2 c2     in bytes, zero included
  void all_to_all_v(DeviceSpan out, std::span<const std::int64_t> out_counts, DeviceSpan in,
                    std::span<const std::int64_t> in_counts);

  /// Returns when the GPU's stream has done all that it was given, within the same deadline. Local.
  void finish() { wait("copy", Until::done); }

  /// Ends every wait of this rank and the communicator. Local.
  void abort() noexcept;
  [[nodiscard]] bool dead() const { return comm_ == nullptr; }
  /// The end of a communicator that went well. Collective.
  void close();

 private:
  class Group;
  void meet(const char* verb, std::int64_t same_on_all);
  void need_life(const char* verb) const;
  void start(const nccl::UniqueId& id);
  /// For what: NCCL's own work, or the stream's too.
  enum class Until { started, launched, done };
  void wait(const char* verb, Until until);
  void hear_of_loss();
  [[noreturn]] void fail(const char* verb, int code, const std::string& what);

  Communicator group_;
  std::shared_ptr<const Gpu> gpu_;
  NcclOptions options_;
  ncclComm* comm_ = nullptr;
};

}  // namespace dream::comm
