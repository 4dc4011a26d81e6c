#include "base/cgroup.hpp"

#include <algorithm>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace fs = std::filesystem;

namespace dream {
namespace {

/// A version 1 limit beyond this means none: the kernel writes the largest number of whole pages.
constexpr double most_memory = 1e18;

/// Whitespace-separated words of a small file; none when it cannot be read.
std::vector<std::string> words_of(const fs::path& file) {
  std::ifstream stream(file);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(std::move(word));
  return words;
}

/// A positive number, or nothing ("max", -1, rubbish).
std::optional<double> number(const std::string& word) {
  std::istringstream stream(word);
  double value = 0;
  if (!(stream >> value) || value <= 0) return std::nullopt;
  return value;
}

std::optional<double> first_number(const fs::path& file) {
  const auto words = words_of(file);
  return words.empty() ? std::nullopt : number(words.front());
}

void tighten(double& limit, std::optional<double> other) {
  if (other && (limit == 0 || *other < limit)) limit = *other;
}

void tighten_memory(CgroupLimits& limits, std::optional<double> bytes) {
  if (!bytes || *bytes > most_memory) return;
  auto limit = static_cast<double>(limits.memory_bytes);
  tighten(limit, bytes);
  limits.memory_bytes = static_cast<std::int64_t>(limit);
}

/// "max 100000" or "150000 100000": quota and period.
void read_cpu_2(const fs::path& group, CgroupLimits& limits) {
  const auto words = words_of(group / "cpu.max");
  if (words.size() != 2) return;
  const auto quota = number(words[0]);
  const auto period = number(words[1]);
  if (quota && period) tighten(limits.cores, *quota / *period);
}

void read_cpu_1(const fs::path& group, CgroupLimits& limits) {
  const auto quota = first_number(group / "cpu.cfs_quota_us");
  const auto period = first_number(group / "cpu.cfs_period_us");
  if (quota && period) tighten(limits.cores, *quota / *period);
}

void read_memory_2(const fs::path& group, CgroupLimits& limits) {
  tighten_memory(limits, first_number(group / "memory.max"));
}

void read_memory_1(const fs::path& group, CgroupLimits& limits) {
  tighten_memory(limits, first_number(group / "memory.limit_in_bytes"));
}

using Read = void (*)(const fs::path&, CgroupLimits&);

/// From the process's group up to `mount`. A path that is not below the mount is another view's (a container
/// without a namespace for groups): then the mount itself is the group.
void read_upwards(const fs::path& mount, std::string_view path, Read read, CgroupLimits& limits) {
  auto group = mount / fs::path(path).relative_path();
  std::error_code ignored;
  if (path.find("..") != std::string_view::npos || !fs::is_directory(group, ignored)) group = mount;
  for (;; group = group.parent_path()) {
    read(group, limits);
    if (group == mount || !group.has_relative_path()) return;
  }
}

bool names(std::string_view list, std::string_view controller) {
  const auto padded = "," + std::string(list) + ",";
  return padded.find("," + std::string(controller) + ",") != std::string::npos;
}

/// Version 1 mounts a controller under its own name or together with its neighbours ("cpu,cpuacct").
fs::path mount_of(const fs::path& mounts, std::string_view list, std::string_view controller) {
  std::error_code ignored;
  auto together = mounts / list;
  return fs::is_directory(together, ignored) ? together : mounts / controller;
}

}  // namespace

CgroupLimits cgroup_limits(const fs::path& root) {
  CgroupLimits limits;
  const auto mounts = root / "sys/fs/cgroup";
  std::ifstream groups(root / "proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {  // "4:cpu,cpuacct:/job", or "0::/job" for version 2
    const auto first = line.find(':');
    const auto second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const auto list = std::string_view(line).substr(first + 1, second - first - 1);
    const auto path = std::string_view(line).substr(second + 1);
    if (list.empty()) {
      std::error_code ignored;
      const auto hybrid = mounts / "unified";
      const auto mount = fs::is_directory(hybrid, ignored) ? hybrid : mounts;
      read_upwards(mount, path, read_cpu_2, limits);
      read_upwards(mount, path, read_memory_2, limits);
    }
    if (names(list, "cpu")) read_upwards(mount_of(mounts, list, "cpu"), path, read_cpu_1, limits);
    if (names(list, "memory")) read_upwards(mount_of(mounts, list, "memory"), path, read_memory_1, limits);
  }
  return limits;
}

}  // namespace dream
