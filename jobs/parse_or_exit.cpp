#include "jobs/parse_or_exit.hpp"

#include <CLI/CLI.hpp>
#include <iostream>
#include <sstream>

#include "base/errors.hpp"

namespace dream::jobs {

void parse_or_exit(CLI::App& app, int argc, char** argv, bool prints, const std::function<void()>& check) {
  try {
    app.parse(argc, argv);
    check();
  } catch (const CLI::ParseError& e) {
    std::ostringstream out, err;
    const int code = app.exit(e, out, err) == 0 ? 0 : static_cast<int>(ExitCode::config);
    if (prints) {
      std::cout << out.str() << std::flush;
      std::cerr << err.str() << std::flush;
    }
    std::exit(code);
  } catch (const ConfigError& e) {
    if (prints) std::cerr << app.get_name() << ": " << e.what() << std::endl;
    std::exit(static_cast<int>(ExitCode::config));
  }
}

}  // namespace dream::jobs
