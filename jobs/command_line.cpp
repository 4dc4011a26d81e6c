#include "jobs/command_line.hpp"

#include <CLI/CLI.hpp>

#include "base/errors.hpp"
#include "base/near_names.hpp"
#include "jobs/parse_or_exit.hpp"

namespace dream::jobs {

namespace {

/// What users call all stages from the documents to the contexts of each question: those before the language
/// models.
constexpr std::string_view retrieve = "retrieve";

}  // namespace

sweep::Stage parse_stage(const std::string& name) {
  if (name == retrieve) return sweep::Stage::select;
  std::vector<std::string> known{std::string(retrieve)};
  for (int s = 0; s < sweep::stage_count; ++s) {
    known.emplace_back(name_of(static_cast<sweep::Stage>(s)));
    if (known.back() == name) return static_cast<sweep::Stage>(s);
  }
  throw ConfigError("unknown stage \"" + name + "\"" + suggest(name, known));
}

namespace {

void add_config_options(CLI::App& app, ConfigLine& line) {
  app.add_option("config", line.config, "The sweep, a TOML file (docs/config.md)")->type_name("SWEEP.toml");
  app.add_option("--set", line.overrides, "Override a key: --set golden.size=50")
      ->type_name("KEY=VALUE")
      ->take_all()
      ->allow_extra_args(false);
  app.add_option("--env-file", line.env_file, "KEY=VALUE lines for ${VAR} and { env = ... }")
      ->type_name("FILE");
  app.add_option_function<int>(
         "--stopped-limit", [&line](int seconds) { line.stopped_limit = std::chrono::seconds(seconds); },
         "Seconds after which a stopped rank counts as lost, under mpirun --with-ft ulfm (10)")
      ->type_name("SECONDS")
      ->check(CLI::Range(1, 3600));
  app.add_option(
         "--ended", line.ended,
         "A file that rank 0 writes when the job has come to its end; mpirun --with-ft ulfm may end with "
         "0 before that")
      ->type_name("FILE");
}

}  // namespace

CommandLine parse_command_line(int argc, char** argv, bool prints) {
  CommandLine line;
  std::string until;
  CLI::App app{"Finds the retrieval-augmented-generation configuration that answers your questions best.",
               "dream_sweep"};
  add_config_options(app, line);
  app.add_flag("--plan", line.plan, "Print what would run; start nothing");
  app.add_flag("--check", line.check, "Check config, inputs and endpoints; report all problems");
  app.add_option("--until", until,
                 "Stop after this stage: read, gold, chunk, embed, query, index, search, rerank, select; "
                 "retrieve: before any language model is asked, and count what it will be asked")
      ->type_name("STAGE");
  app.add_option("--pilot", line.pilot,
                 "With --until retrieve: ask about so many questions first, and forecast the rest from them")
      ->type_name("QUESTIONS")
      ->check(CLI::PositiveNumber);
  app.add_option(
         "--list", line.list,
         "The names a config may use: chunkers, embedders, rerankers, llms, models, searches, metrics, keys")
      ->type_name("TABLE");
  app.add_flag("--version", line.version, "Versions of this program and its libraries");
  app.add_option("--test-fault", line.fault)->group("");
  parse_or_exit(app, argc, argv, prints, [&] {
    if (!until.empty()) line.until = parse_stage(until);
    if (line.pilot > 0 && line.until != sweep::Stage::select)
      throw ConfigError("--pilot is for a forecast: give it together with --until retrieve");
    if (line.config.empty() && line.list.empty() && !line.version) {
      throw ConfigError("name a config: dream_sweep SWEEP.toml (try inputs/quickstart.toml, or --help)");
    }
  });
  return line;
}

GoldenLine parse_golden_line(int argc, char** argv, bool prints) {
  GoldenLine line;
  CLI::App app{"Makes a golden dataset of a sweep's documents with a language model (docs/testset.md).",
               "dream_golden"};
  add_config_options(app, line);
  app.add_flag("--plan", line.plan, "Print what would be asked, at most; start nothing");
  app.add_flag("--check", line.check, "Check config, inputs and the endpoint; report all problems");
  app.add_flag("--version", line.version, "The version of this program");
  parse_or_exit(app, argc, argv, prints, [&] {
    if (line.config.empty() && !line.version) throw ConfigError("name a config: dream_golden SWEEP.toml");
  });
  return line;
}

}  // namespace dream::jobs
