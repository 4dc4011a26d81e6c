#pragma once
#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <string>

#include "base/pulse.hpp"
#include "tracking/sender.hpp"

namespace dream::tracking {

struct UploadOptions {
  std::map<std::string, std::string> environment;  ///< MLFLOW_* and, for artifacts on S3, AWS_* and HOME
  std::string uri;                                 ///< another address of the same server; empty: the sweep's
  std::chrono::seconds patience{900};              ///< without any progress; a long file is one step
  std::function<void(const Standing&)> progress = [](const Standing&) {};  ///< called now and then
};

/// Sends what a sweep has left in its output folder, as the sweep would have done. Throws ConfigError when
/// the sweep left nothing there, Error (ExitCode::endpoint) when the server lets nobody in or does not
/// answer. What the server refused for good is in the result.
Standing upload(const std::filesystem::path& output, const UploadOptions& options, const Pulse& pulse);

}  // namespace dream::tracking
