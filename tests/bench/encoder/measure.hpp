#pragma once
#include <functional>
#include <string>
#include <vector>

namespace dream::bench {

/// Seconds of each run, by the clock and of all threads of the process.
struct Times {
  std::vector<double> wall, cpu;
};

[[nodiscard]] double wall_seconds();
[[nodiscard]] double cpu_seconds();
[[nodiscard]] double median(std::vector<double> values);
/// Largest less smallest, relative to the median.
[[nodiscard]] double spread(const std::vector<double>& values);
/// One run to warm up, then `runs` that count.
[[nodiscard]] Times measure(int runs, const std::function<void()>& work);
/// The wall time of `processes` copies of this process that each do `work(copy)` at the same time.
[[nodiscard]] double side_by_side(int processes, const std::function<void(int)>& work);
/// This process's share of memory now, in MiB.
[[nodiscard]] double pss_mib();
/// The load of the last minute.
[[nodiscard]] double load();
/// What a command prints on its standard output.
[[nodiscard]] std::string output_of(const std::string& command);

}  // namespace dream::bench
