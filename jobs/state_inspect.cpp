// What a state folder holds, which sweep needs what of it, and how a running sweep gets on.
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <ctime>
#include <iostream>
#include <optional>
#include <thread>

#include "base/errors.hpp"
#include "config/config.hpp"
#include "jobs/environment.hpp"
#include "jobs/parse_or_exit.hpp"
#include "jobs/state_needs.hpp"
#include "jobs/state_print.hpp"
#include "jobs/state_survey.hpp"
#include "state/claim.hpp"
#include "sweep/catalog.hpp"

namespace {

using namespace dream;
namespace fs = std::filesystem;

struct Line {
  std::string folder;
  std::vector<std::string> sweeps;
  std::vector<std::string> overrides;
  std::string env_file;
  bool json = false;
  bool verify = false;
  bool orphans = false;
  bool prune = false;
  std::optional<double> watch;
};

void stop_here() {
  if (const char* signal = jobs::stop_asked()) throw Stopped(signal);
}

std::vector<jobs::Need> plan_needs(const Line& line, const jobs::Survey& survey) {
  std::vector<jobs::Need> needs;
  for (const auto& file : line.sweeps) {
    const config::LoadOptions options{line.overrides, config::environment(line.env_file)};
    needs.push_back(jobs::plan_need(config::load(file, sweep::catalog(), options), survey, stop_here));
  }
  return needs;
}

/// `own`: the incarnation of a claim that is ours.
jobs::Inspection inspect(const Line& line, const std::string& own = "") {
  jobs::Inspection all{
      line.folder, jobs::survey_state(line.folder, {line.verify}, stop_here), {}, {}, std::time(nullptr)};
  std::erase_if(all.survey.claims, [&](const auto& claim) { return claim.incarnation == own; });
  all.needs = plan_needs(line, all.survey);
  if (!all.needs.empty()) all.orphans = jobs::find_orphans(line.folder, all.survey, all.needs);
  return all;
}

/// An unfinished sweep's parts cannot all be told from others': documents that failed for passing reasons,
/// and the processor's class on which a sweep ran, are in its keys.
void check_complete(const std::vector<jobs::Need>& needs) {
  for (const auto& need : needs) {
    if (need.complete()) continue;
    throw ConfigError(fmt::format(
        "--prune: {} has parts that are not in this folder, so what it needs cannot be told for sure: run it "
        "to its "
        "end first (on a node with these processors: their class is in the keys), or leave it out",
        need.config));
  }
}

/// Removes the orphans under a claim of our own, so that no sweep starts meanwhile.
void prune(const Line& line) {
  if (line.sweeps.empty())
    throw ConfigError("--prune: name every sweep whose parts shall stay with --sweep SWEEP.toml");
  // The claim first: it refuses while another sweep works here, and takes dead ones away.
  const auto incarnation = state::new_incarnation();
  const state::Claim claim(line.folder, incarnation);
  const auto all = inspect(line, incarnation);
  check_complete(all.needs);
  const auto bytes = jobs::bytes_of(all.orphans);
  for (const auto& file : all.orphans) {
    std::error_code error;
    if (!fs::remove(file, error) && error)
      throw StateError(file.string(), "", "cannot remove: " + error.message());
  }
  fmt::print("removed {} files, {}\n", all.orphans.size(), jobs::size_text(bytes));
}

/// One line each time something may have changed, until no claim beats any more.
void watch(const Line& line) {
  using namespace std::chrono_literals;
  const auto pause = std::chrono::duration<double>(std::max(0.1, *line.watch));
  long last_beats = -1;
  auto last_change = std::chrono::steady_clock::now();
  while (true) {
    const auto survey = jobs::survey_state(line.folder, {false, false}, stop_here);
    std::string parts;
    for (const auto& [stage, bulk] : survey.parts) parts += fmt::format(" {} {}", stage, bulk.files);
    const auto now = std::time(nullptr);
    fmt::print("{:%H:%M:%S} parts:{}; calls: {} sealed files, {} replies in journals; {} at work\n",
               *std::localtime(&now), parts.empty() ? " none" : parts, survey.segments.files,
               survey.journal_calls, survey.claims.size());
    std::fflush(stdout);
    long beats = 0;
    for (const auto& claim : survey.claims) beats += claim.gone ? 0 : claim.beat;
    if (beats != last_beats) last_change = std::chrono::steady_clock::now();
    last_beats = beats;
    if (survey.claims.empty() || std::ranges::all_of(survey.claims, &state::ClaimSeen::gone)) return;
    if (std::chrono::steady_clock::now() - last_change > state::ClaimOptions().stale) {
      fmt::print("no sweep has shown a sign of life for {} s\n", state::ClaimOptions().stale / 1s);
      return;
    }
    for (const auto end = std::chrono::steady_clock::now() + pause; std::chrono::steady_clock::now() < end;) {
      stop_here();
      std::this_thread::sleep_for(std::min<std::chrono::duration<double>>(pause, 100ms));
    }
  }
}

int run(const Line& line) {
  if (line.watch) {
    watch(line);
    return static_cast<int>(ExitCode::ok);
  }
  if (line.prune) {
    prune(line);
    return static_cast<int>(ExitCode::ok);
  }
  const auto all = inspect(line);
  if (line.orphans) {
    for (const auto& file : all.orphans) std::cout << file.string() << "\n";
  } else {
    std::cout << (line.json ? jobs::to_json(all) : jobs::describe(all));
  }
  return static_cast<int>(all.survey.damaged.empty() ? ExitCode::ok : ExitCode::state);
}

Line parse(int argc, char** argv) {
  Line line;
  CLI::App app{"Shows what a state folder holds, and which sweeps need it.", "state_inspect"};
  app.add_option("state", line.folder, "The folder that a config calls sweep.state")
      ->required()
      ->type_name("STATE");
  app.add_flag("--json", line.json, "Print JSON");
  app.add_flag("--verify", line.verify,
               "Read every byte and compare it with its digest; exit code 5 when one is damaged");
  app.add_option("--sweep", line.sweeps,
                 "Tell what of the folder this sweep needs; may be given several times")
      ->type_name("SWEEP.toml")
      ->take_all()
      ->allow_extra_args(false);
  app.add_option("--set", line.overrides, "Override a key of every --sweep")
      ->type_name("KEY=VALUE")
      ->take_all()
      ->allow_extra_args(false);
  app.add_option("--env-file", line.env_file, "KEY=VALUE lines for ${VAR} in the configs")->type_name("FILE");
  auto* orphans =
      app.add_flag("--orphans", line.orphans, "List the files that no --sweep needs; removes nothing");
  auto* prune = app.add_flag("--prune", line.prune, "Remove them. Never calls: they were paid for");
  orphans->excludes(prune);
  app.add_option("--watch", line.watch, "Print a line every so many seconds until no sweep works here")
      ->type_name("SECONDS")
      ->expected(0, 1)
      ->default_str("2");
  jobs::parse_or_exit(app, argc, argv, true, [&] {
    if (line.orphans && line.sweeps.empty())
      throw ConfigError("--orphans: name every sweep that is to be kept with --sweep SWEEP.toml");
  });
  return line;
}

}  // namespace

int main(int argc, char** argv) {
  jobs::prepare_environment(argv);
  const auto line = parse(argc, argv);
  jobs::watch_signals();
  try {
    return run(line);
  } catch (const Error& e) {
    std::cerr << "state_inspect: " << e.what() << std::endl;
    return static_cast<int>(e.code);
  } catch (const std::exception& e) {
    std::cerr << "state_inspect: " << e.what() << std::endl;
    return static_cast<int>(ExitCode::bug);
  }
}
