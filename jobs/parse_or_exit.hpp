#pragma once
#include <functional>

namespace CLI {
class App;
}

namespace dream::jobs {

/// Parses and calls `check`, or ends the program: 0 after help, 2 after a usage error of CLI11's or a
/// ConfigError of the check. Prints only where `prints`, so that of many ranks one speaks.
void parse_or_exit(CLI::App& app, int argc, char** argv, bool prints, const std::function<void()>& check);

}  // namespace dream::jobs
