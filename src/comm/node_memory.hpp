#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "comm/communicator.hpp"

namespace dream::comm {

/// Memory, all 0 at first, that the ranks of one machine see together: they fill it, each a part, and read it
/// once all have sealed it. It goes with the last rank that holds it, however that one ends, and leaves no
/// file behind.
class NodeMemory {
 public:
  [[nodiscard]] std::span<std::byte> bytes() const;
  /// This rank is one of parts() that see these bytes, and the part()-th of them.
  [[nodiscard]] int part() const { return part_; }
  [[nodiscard]] int parts() const { return parts_; }
  /// Why this rank has memory of its own although others run beside it; empty where nothing is amiss.
  [[nodiscard]] const std::string& refusal() const { return refusal_; }
  /// From now on a write is a fault in this process. Local.
  void seal() const;
  /// Keeps the bytes alive.
  [[nodiscard]] std::shared_ptr<const void> owner() const { return mapping_; }

 private:
  friend NodeMemory node_memory(Communicator& comm, std::int64_t bytes);
  struct Mapping;
  struct Offer;
  static std::shared_ptr<Mapping> anonymous(std::int64_t bytes);
  static std::shared_ptr<Mapping> offer(std::int64_t bytes, Offer& offer);
  static std::shared_ptr<Mapping> accept(std::int64_t bytes, const Offer& offer, std::int32_t& error);

  std::shared_ptr<Mapping> mapping_;
  int part_ = 0;
  int parts_ = 1;
  std::string refusal_;
};

/// `bytes` alike on all ranks. Machines are told apart by what their kernels say, not by names; where ranks
/// of one cannot share (no memory of that kind, processes that may not see each other), those that cannot
/// have memory of their own, with a refusal() to log. Throws Error on all ranks when there is no memory at
/// all. Collective.
[[nodiscard]] NodeMemory node_memory(Communicator& comm, std::int64_t bytes);

}  // namespace dream::comm
