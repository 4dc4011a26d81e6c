#pragma once
#include <string>

namespace dream::jobs {

/// `dream_report --upload OUTPUT`: sends to MLflow what a sweep has left in its output folder, and says how
/// it went. `uri`: another address of the same server, or "". Throws as tracking::upload(); messages pass
/// through no redactor, since they hold no secret. Returns the exit code: 4 when the server refused some.
[[nodiscard]] int upload(const std::string& output, const std::string& env_file, const std::string& uri);

}  // namespace dream::jobs
