#include "measure.hpp"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>

namespace dream::bench {

double wall_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values.empty() ? 0 : values[values.size() / 2];
}

double spread(const std::vector<double>& values) {
  const auto [least, most] = std::minmax_element(values.begin(), values.end());
  return (*most - *least) / median(values);
}

Times measure(int runs, const std::function<void()>& work) {
  Times times;
  work();
  for (int i = 0; i < runs; ++i) {
    const auto wall = wall_seconds();
    const auto cpu = cpu_seconds();
    work();
    times.wall.push_back(wall_seconds() - wall);
    times.cpu.push_back(cpu_seconds() - cpu);
  }
  return times;
}

double side_by_side(int processes, const std::function<void(int)>& work) {
  std::fflush(stdout);
  const auto started = wall_seconds();
  std::vector<pid_t> children;
  for (int i = 0; i < processes; ++i) {
    const auto child = ::fork();
    if (child == 0) {
      work(i);
      ::_exit(0);
    }
    children.push_back(child);
  }
  for (const auto child : children) ::waitpid(child, nullptr, 0);
  return wall_seconds() - started;
}

double pss_mib() {
  std::ifstream file("/proc/self/smaps_rollup");
  for (std::string word; file >> word;) {
    if (word != "Pss:") continue;
    double kib = 0;
    file >> kib;
    return kib / 1024;
  }
  return 0;
}

double load() {
  double now[1] = {0};
  return ::getloadavg(now, 1) == 1 ? now[0] : 0;
}

std::string output_of(const std::string& command) {
  std::string text;
  FILE* const pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) return text;
  char buffer[4096];
  for (std::size_t n = 0; (n = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;) text.append(buffer, n);
  ::pclose(pipe);
  return text;
}

}  // namespace dream::bench
