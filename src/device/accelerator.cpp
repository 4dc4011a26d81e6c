#include "device/accelerator.hpp"

#include <fmt/format.h>

#include "base/errors.hpp"

namespace dream::device {

Memory Accelerator::memory(std::int64_t bytes) {
  if (bytes > bytes_left()) {
    throw Error(
        ExitCode::device,
        fmt::format("{:.1f} MiB more on the GPU beside {:.1f} MiB would pass this rank's part of "
                    "device.memory_share, {:.1f} MiB; raise it, start fewer ranks on the GPU, or raise "
                    "index.shards where it is for a shard",
                    static_cast<double>(bytes) / (1 << 20), static_cast<double>(account_->used) / (1 << 20),
                    static_cast<double>(account_->allowed) / (1 << 20)));
  }
  const auto place = allocate(bytes);
  account_->used += bytes;
  // The deleter's own copy of `place` is what frees it.
  return {place.get(), [place, bytes, account = account_](std::byte*) { account->used -= bytes; }};
}

}  // namespace dream::device
