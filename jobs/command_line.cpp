#include "jobs/command_line.hpp"

#include <CLI/CLI.hpp>
#include <iostream>

#include "base/errors.hpp"
#include "base/near_names.hpp"

namespace dream::jobs {

sweep::Stage parse_stage(const std::string& name) {
  std::vector<std::string> known;
  for (int s = 0; s < sweep::stage_count; ++s) {
    known.emplace_back(name_of(static_cast<sweep::Stage>(s)));
    if (known.back() == name) return static_cast<sweep::Stage>(s);
  }
  throw ConfigError("unknown stage \"" + name + "\"" + suggest(name, known));
}

CommandLine parse_command_line(int argc, char** argv, bool prints) {
  CommandLine line;
  std::string until;
  CLI::App app{"Finds the retrieval-augmented-generation configuration that answers your questions best.",
               "dream_sweep"};
  app.add_option("config", line.config, "The sweep, a TOML file (docs/config.md)")->type_name("SWEEP.toml");
  app.add_option("--set", line.overrides, "Override a key: --set golden.size=50")
      ->type_name("KEY=VALUE")
      ->take_all()
      ->allow_extra_args(false);
  app.add_option("--env-file", line.env_file, "KEY=VALUE lines for ${VAR} and { env = ... }")
      ->type_name("FILE");
  app.add_flag("--plan", line.plan, "Print what would run; start nothing");
  app.add_flag("--check", line.check, "Check config, inputs and endpoints; report all problems");
  app.add_option("--until", until,
                 "Stop after this stage: read, gold, chunk, embed, query, index, search, select")
      ->type_name("STAGE");
  app.add_option("--list", line.list,
                 "The names a config may use: chunkers, embedders, llms, models, searches, metrics, keys")
      ->type_name("TABLE");
  auto stopped_limit = line.stopped_limit.count();
  app.add_option("--stopped-limit", stopped_limit,
                 "Seconds after which a stopped rank counts as lost, under mpirun --with-ft ulfm (10)")
      ->type_name("SECONDS")
      ->check(CLI::Range(1, 3600));
  app.add_flag("--version", line.version, "Versions of this program and its libraries");
  app.add_option("--test-fault", line.fault)->group("");
  try {
    app.parse(argc, argv);
    line.stopped_limit = std::chrono::seconds(stopped_limit);
    if (!until.empty()) line.until = parse_stage(until);
    if (line.config.empty() && line.list.empty() && !line.version) {
      throw ConfigError("name a config: dream_sweep SWEEP.toml (try inputs/quickstart.toml, or --help)");
    }
  } catch (const CLI::ParseError& e) {
    std::ostringstream out, err;
    const int code = app.exit(e, out, err) == 0 ? 0 : static_cast<int>(ExitCode::config);
    if (prints) {
      std::cout << out.str() << std::flush;
      std::cerr << err.str() << std::flush;
    }
    std::exit(code);
  } catch (const ConfigError& e) {
    if (prints) std::cerr << "dream_sweep: " << e.what() << std::endl;
    std::exit(static_cast<int>(ExitCode::config));
  }
  return line;
}

}  // namespace dream::jobs
