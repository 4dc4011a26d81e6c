#pragma once
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "sweep/plan.hpp"

namespace dream::jobs {

/// What leads to a config.
struct ConfigLine {
  std::string config;
  std::vector<std::string> overrides;
  std::string env_file;
  std::chrono::seconds stopped_limit{10};
  std::string ended;  ///< a file for the exit code of a job that has come to its end
};

/// What the user of dream_sweep typed.
struct CommandLine : ConfigLine {
  std::string list;  ///< a table's name for --list
  std::optional<sweep::Stage> until;
  std::int64_t pilot = 0;  ///< questions
  bool plan = false;
  bool check = false;
  bool version = false;
  std::string fault;  ///< "stage:rank:throw|kill|stop|term", several with commas, for the tests
};

/// Parses, or ends the program (help, usage errors: exit code 2). Only rank 0 prints.
[[nodiscard]] CommandLine parse_command_line(int argc, char** argv, bool prints);

/// What the user of dream_golden typed.
struct GoldenLine : ConfigLine {
  bool plan = false;
  bool check = false;
  bool version = false;
};

[[nodiscard]] GoldenLine parse_golden_line(int argc, char** argv, bool prints);

/// "embed" -> Stage::embed. Throws ConfigError with near names.
[[nodiscard]] sweep::Stage parse_stage(const std::string& name);

}  // namespace dream::jobs
