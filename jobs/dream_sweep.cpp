// The program: rank 0 and the workers start here, run the sweep, and leave by one road.
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <iostream>
#include <optional>

#include "comm/agree.hpp"
#include "comm/mpi.hpp"
#include "config/config.hpp"
#include "config/list.hpp"
#include "dream_version.hpp"
#include "jobs/board.hpp"
#include "jobs/command_line.hpp"
#include "jobs/environment.hpp"
#include "jobs/program.hpp"
#include "net/redact.hpp"
#include "report/outputs.hpp"
#include "sweep/catalog.hpp"
#include "sweep/run.hpp"

namespace {

using namespace dream;

void print_version() {
  fmt::print("dream_sweep {} (commit {}, {}, {})\n", version::program, version::commit, version::compiler,
             version::build_type);
  fmt::print("{}; {}\n", comm::mpi_version(), state::h5_version());
  fmt::print("backends: cpu (no GPU support in this build)\n");
}

int print_list(const std::string& table) {
  try {
    std::cout << config::describe(sweep::catalog(), table);
    return static_cast<int>(ExitCode::ok);
  } catch (const ConfigError& e) {
    std::cerr << "dream_sweep: " << e.what() << std::endl;
    return static_cast<int>(e.code);
  }
}

/// "embed:1:throw": what tests ask for with --test-fault.
std::function<void(sweep::Stage)> parse_fault(const std::string& text, int rank) {
  if (text.empty()) return [](sweep::Stage) {};
  const auto first = text.find(':');
  const auto second = text.find(':', first + 1);
  const auto stage = jobs::parse_stage(text.substr(0, first));
  const int victim = std::stoi(text.substr(first + 1, second - first - 1));
  const auto kind = text.substr(second + 1);
  if (rank != victim) return [](sweep::Stage) {};
  return [stage, kind](sweep::Stage now) {
    if (now != stage) return;
    if (kind == "throw") throw InternalError("a fault that a test asked for");
    ::kill(::getpid(), kind == "kill" ? SIGKILL : kind == "term" ? SIGTERM : SIGSTOP);
  };
}

void finish(const config::Config& config, const sweep::Finished& finished, const Log& log,
            const Pulse& pulse) {
  const auto parts = sweep::open_parts(config, finished);
  const report::Material material{config, finished, parts, comm::mpi_version(), pulse};
  const auto verdict = report::judge_trials(material);
  report::write_all(material, verdict);
  log(Level::info, verdict.sentence);
  std::cout << "\n" << report::terminal_table(material, verdict) << "\n" << verdict.sentence << "\n";
  const auto& outcome = finished.outcome;
  if (!outcome.failed_documents.empty()) {
    std::cout << outcome.failed_documents.size() << " of " << outcome.documents
              << " documents gave no text; manifest.json has each with its reason\n";
  }
  if (outcome.rejected_questions > 0)
    std::cout << outcome.rejected_questions << " golden questions were left out: the review rejects them\n";
  if (outcome.gold.without > 0 || outcome.gold.lost_passages > 0) {
    std::cout << outcome.gold.without << " questions have no gold, and " << outcome.gold.lost_passages
              << " golden passages stand in no document: retrieval metrics leave them out\n";
  }
  if (outcome.transient_rows > 0) {
    std::cout << outcome.transient_rows
              << " rows failed for reasons that may pass; the same command tries them again\n";
  }
  std::cout << report::compare_with_forecast(config, finished);
  std::cout << "results are in " << config.sweep.output << ": results.csv, questions.csv, chunks.csv, "
            << (verdict.winner < 0 ? "" : "best.toml, ")
            << "manifest.json; report.html shows them in a browser\n";
}

/// `redact` learns the config's secrets as soon as they are known, for the messages of main().
int run_sweep(comm::Communicator& comm, const jobs::CommandLine& line, net::Redactor& redact) {
  const auto config = jobs::load_config(comm, line);
  redact = jobs::secrets_of(config);
  sweep::RunOptions options;
  options.plan_only = line.plan || line.check;
  options.check_endpoints = line.check;
  options.until = line.until;
  options.fault = parse_fault(line.fault, comm.rank());
  options.stop = [] {
    if (const char* signal = jobs::stop_asked()) throw Stopped(signal);
  };
  // A folder that takes no results is told before the work, not after it.
  comm::agree(comm, [&] {
    if (comm.rank() == 0 && !line.plan) report::prepare_output(config);
  });
  if (!options.plan_only) options.log = jobs::start_log(comm, config, "sweep.log", redact);
  const auto board = jobs::make_board(comm, options.log);
  if (comm.rank() == 0 && !options.plan_only) {
    const auto start =
        fmt::format("{}: {} rank{}", config.sweep.name, comm.size(), comm.size() == 1 ? "" : "s");
    fmt::print(stderr, "{}\n", start);
    options.log(Level::info, start);
  }
  const auto finished = sweep::run(comm, config, options, *board);
  comm::agree(comm, [&] {
    if (comm.rank() != 0) return;
    if (line.check) {
      std::cout << line.config << ": no problems found\n";
      for (const auto& warning : finished.warnings) std::cout << "warning: " << warning << "\n";
    }
    if (options.plan_only)
      std::cout << sweep::describe(finished.plan, config);
    else if (finished.complete)
      finish(config, finished, options.log, comm::pulse_of(comm, options.stop));
    else if (finished.outcome.forecast) {
      report::write_forecast(config, finished);
      std::cout << report::forecast_text(config, finished);
    }
  });
  return static_cast<int>(ExitCode::ok);
}

}  // namespace

int main(int argc, char** argv) {
  jobs::prepare_environment(argv);
  // Before MPI starts: a usage error must not need a working MPI.
  const auto line = jobs::parse_command_line(argc, argv, comm::launched_rank() == 0);
  const bool launched = comm::launched_by_mpi();
  std::optional<comm::MpiEnvironment> environment;
  if (launched) environment.emplace(argc, argv);
  auto comm = launched ? comm::mpi_world() : comm::self();
  if (line.version || !line.list.empty()) {
    if (comm.rank() == 0 && line.version) print_version();
    if (comm.rank() == 0 && !line.list.empty()) return print_list(line.list);
    return 0;
  }
  jobs::watch_signals();
  return jobs::guarded(comm, "dream_sweep",
                       [&](net::Redactor& redact) { return run_sweep(comm, line, redact); });
}
