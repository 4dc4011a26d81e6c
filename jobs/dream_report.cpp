// Sends to MLflow what a sweep has left in its output folder.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <iostream>

#include "base/errors.hpp"
#include "dream_version.hpp"
#include "jobs/environment.hpp"
#include "jobs/upload.hpp"

using namespace dream;

int main(int argc, char** argv) {
  std::string upload, env_file, uri;
  bool wants_version = false;
  CLI::App app{"Works with what a sweep left in its output folder.", "dream_report"};
  app.add_option("--upload", upload, "Send what MLflow was not told yet")->type_name("OUTPUT");
  app.add_option("--tracking-uri", uri, "Another address of the same MLflow server")->type_name("URL");
  app.add_option("--env-file", env_file, "KEY=VALUE lines for the environment")->type_name("FILE");
  app.add_flag("--version", wants_version, "Version of this program");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : static_cast<int>(ExitCode::config);
  }
  try {
    if (wants_version) {
      fmt::print("dream_report {}\n", version::program);
      return 0;
    }
    if (upload.empty()) throw ConfigError("name an output folder: dream_report --upload OUTPUT");
    jobs::watch_signals();
    return jobs::upload(upload, env_file, uri);
  } catch (const Error& e) {
    std::cerr << "dream_report: " << e.what() << std::endl;
    return static_cast<int>(e.code);
  } catch (const std::exception& e) {
    std::cerr << "dream_report: " << e.what() << std::endl;
    return static_cast<int>(ExitCode::bug);
  }
}
