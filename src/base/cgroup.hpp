#pragma once
#include <cstdint>
#include <filesystem>

namespace dream {

/// What the control groups of this process leave it: the tightest limit from its own group up to the topmost
/// one that it sees. Zero: no limit.
struct CgroupLimits {
  double cores = 0;
  std::int64_t memory_bytes = 0;
};

/// Reads version 2, version 1, and the two side by side (hybrid). A container that sees only its own group,
/// at the top of /sys/fs/cgroup, is understood too. Whatever cannot be read is no limit. `root`: for tests, a
/// folder with proc/self/cgroup and sys/fs/cgroup in it.
[[nodiscard]] CgroupLimits cgroup_limits(const std::filesystem::path& root = "/");

}  // namespace dream
