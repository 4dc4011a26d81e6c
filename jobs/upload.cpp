#include "jobs/upload.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

#include "base/errors.hpp"
#include "config/config.hpp"
#include "jobs/environment.hpp"
#include "tracking/upload.hpp"

namespace dream::jobs {

int upload(const std::string& output, const std::string& env_file, const std::string& uri) {
  const bool terminal = ::isatty(STDERR_FILENO) != 0;
  tracking::UploadOptions options;
  options.environment = config::environment(env_file);
  options.uri = uri;
  options.progress = [&](const tracking::Standing& now) {
    if (terminal) fmt::print(stderr, "\r  {} of {} entries\x1b[K", now.sent, now.entries);
  };
  const auto standing = tracking::upload(output, options, [] {
    if (const char* signal = stop_asked()) throw Stopped(signal);
  });
  if (terminal) fmt::print(stderr, "\n");
  if (standing.refused > 0) {
    fmt::print(stderr, "dream_report: {} of {} entries were refused; the last: {}\n", standing.refused,
               standing.entries, standing.problem);
    return static_cast<int>(ExitCode::endpoint);
  }
  fmt::print("all {} entries are there; MLflow shows the sweep at {}\n", standing.entries, standing.page);
  return static_cast<int>(ExitCode::ok);
}

}  // namespace dream::jobs
