#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace dream::model {

/// Where a model puts its packed weights, on a boundary of 64 bytes: memory of this process, or of all ranks
/// of a node, of which each then writes its part. Read only once all parts are written.
struct WeightMemory {
  std::span<std::byte> bytes;
  int part = 0;  ///< of `parts`: which of the units of work are this process's
  int parts = 1;
  std::shared_ptr<const void> owner;  ///< keeps the bytes alive
};

/// Memory of this process alone.
[[nodiscard]] WeightMemory own_memory(std::int64_t bytes);

}  // namespace dream::model
