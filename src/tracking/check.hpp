#pragma once
#include <string>

#include "base/pulse.hpp"
#include "tracking/settings.hpp"

namespace dream::tracking {

/// Asks the server for its version and for the experiment, and changes nothing there. Throws Error
/// (ExitCode::endpoint) when it lets nobody in, is too old, or is no MLflow. One that is down is no error,
/// since a sweep can be told later: the sentence that says so, else "".
[[nodiscard]] std::string check_server(const Settings& settings, const Pulse& pulse);

}  // namespace dream::tracking
