#include "tracking/upload.hpp"

#include "base/errors.hpp"
#include "tracking/check.hpp"

namespace dream::tracking {
namespace {

using Clock = std::chrono::steady_clock;

Settings settings_of(const SpoolHeader& header, const UploadOptions& options) {
  auto settings = header.settings;
  if (options.uri.find('@') != std::string::npos)
    throw ConfigError(
        "--tracking-uri: an address must not hold a password; export MLFLOW_TRACKING_USERNAME and "
        "MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN");
  if (!options.uri.empty()) settings.uri = options.uri;
  while (settings.uri.ends_with('/')) settings.uri.pop_back();
  for (const auto& [name, value] : options.environment) {
    if (name.starts_with("MLFLOW_")) settings.environment[name] = value;
  }
  settings.s3.environment = storage::relevant(options.environment);
  return settings;
}

}  // namespace

Standing upload(const std::filesystem::path& output, const UploadOptions& options, const Pulse& pulse) {
  Spool spool(output);
  const auto settings = settings_of(spool.header(), options);
  if (const auto down = check_server(settings, pulse); !down.empty())
    throw Error(ExitCode::endpoint, down.substr(0, down.find(';')));
  Sender sender(spool, settings, pulse);
  auto moved = Clock::now();
  auto sent = spool.sent();
  for (;;) {
    const auto now = sender.standing();
    options.progress(now);
    if (now.over()) return now;
    if (now.closed || Clock::now() - moved > options.patience) {
      throw Error(ExitCode::endpoint,
                  now.problem.empty() ? "nothing could be sent for too long; try again" : now.problem);
    }
    pulse();
    sender.step(std::chrono::milliseconds(100));
    if (std::exchange(sent, spool.sent()) != spool.sent()) moved = Clock::now();
  }
}

}  // namespace dream::tracking
