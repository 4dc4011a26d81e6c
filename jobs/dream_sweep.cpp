// The program: rank 0 and the workers start here, run the sweep, and leave by one road.
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <functional>
#include <iostream>
#include <memory>
#include <optional>

#include "comm/agree.hpp"
#include "comm/mpi.hpp"
#include "config/config.hpp"
#include "config/list.hpp"
#include "device/backend.hpp"
#include "dream_version.hpp"
#include "jobs/board.hpp"
#include "jobs/command_line.hpp"
#include "jobs/environment.hpp"
#include "jobs/program.hpp"
#include "jobs/s3.hpp"
#include "jobs/tracing.hpp"
#include "net/redact.hpp"
#include "report/hold_out.hpp"
#include "report/outputs.hpp"
#include "state/starts.hpp"
#include "storage/folder.hpp"
#include "storage/put.hpp"
#include "sweep/call_session.hpp"
#include "sweep/catalog.hpp"
#include "sweep/run.hpp"
#include "tracking/check.hpp"
#include "tracking/observer.hpp"

namespace {

using namespace dream;

void print_version() {
  fmt::print("dream_sweep {} (commit {}, {}, {})\n", version::program, version::commit, version::compiler,
             version::build_type);
  fmt::print("{}; {}\n", comm::mpi_version(), state::h5_version());
  fmt::print("backends: {}\n", device::describe_build());
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

/// "embed:1:throw": what tests ask for with --test-fault. Ranks are those that the launcher has named.
std::function<void(sweep::Stage)> parse_fault(const std::string& text) {
  if (text.empty()) return [](sweep::Stage) {};
  if (const auto comma = text.find(','); comma != std::string::npos) {
    return [one = parse_fault(text.substr(0, comma)),
            rest = parse_fault(text.substr(comma + 1))](sweep::Stage now) {
      one(now);
      rest(now);
    };
  }
  const auto first = text.find(':');
  const auto second = text.find(':', first + 1);
  const auto stage = jobs::parse_stage(text.substr(0, first));
  const int victim = std::stoi(text.substr(first + 1, second - first - 1));
  const auto kind = text.substr(second + 1);
  if (comm::launched_rank() != victim) return [](sweep::Stage) {};
  return [stage, kind](sweep::Stage now) {
    if (now != stage) return;
    if (kind == "throw") throw InternalError("a fault that a test asked for");
    ::kill(::getpid(), kind == "kill" ? SIGKILL : kind == "term" ? SIGTERM : SIGSTOP);
  };
}

/// Results on S3 are put there when all of them are written; manifest.json comes last.
void put_results(const config::Config& config, storage::Service* s3, const Pulse& pulse) {
  if (!storage::is_url(config.sweep.output)) return;
  const auto to = storage::parse_url(config.sweep.output);
  const auto folder = config::output_folder(config);
  // A winner of an earlier run that is none any more.
  if (!std::filesystem::exists(folder + "/best.toml"))
    storage::remove_object(*s3, to.below("best.toml"), pulse);
  storage::put_folder(*s3, folder, to, "manifest.json", pulse);
}

void finish(const config::Config& config, const sweep::Finished& finished, const Log& log,
            storage::Service* s3, tracking::Observer& observer, const Pulse& pulse) {
  const auto parts = sweep::open_parts(config, finished);
  const report::Material material{config, finished, parts, comm::mpi_version(), pulse};
  const auto& verdict = finished.verdict;
  const auto hold_out = report::judge_hold_out(material, verdict);
  report::write_all(material, verdict);
  log(Level::info, verdict.sentence);
  if (hold_out) log(Level::info, hold_out->sentence);
  put_results(config, s3, pulse);
  std::cout << "\n" << report::terminal_table(material, verdict) << "\n" << verdict.sentence << "\n";
  if (hold_out) std::cout << hold_out->sentence << "\n";
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
            << (verdict.winner < 0 ? "" : "best.toml, ") << (hold_out ? "holdout.csv, " : "")
            << "manifest.json; report.html shows them in a browser\n";
  std::cout << observer.end(finished, verdict, pulse);
}

/// Runs the sweep; when it ends early, MLflow is told how.
sweep::Finished run_observed(tracking::Observer& observer, const std::function<sweep::Finished()>& run) {
  try {
    return run();
  } catch (const comm::RanksLost&) {
    throw;  // another run follows
  } catch (const Stopped&) {
    observer.end_early(tracking::Status::killed);
    throw;
  } catch (const std::exception&) {
    observer.end_early(tracking::Status::failed);
    throw;
  }
}

/// Puts what MLflow is told into the run's options. Rank 0 tells; the others take part in gathering scores.
void observe(comm::Communicator& comm, const config::Config& config, tracking::Observer& observer,
             sweep::RunOptions& options) {
  if (config.tracking.uri.empty() || options.plan_only) return;
  options.planned = [&observer, pulse = comm::pulse_of(comm, options.stop)](const sweep::Finished& planned) {
    observer.begin(planned, pulse);
  };
  options.scored = [&observer](const sweep::Trial& trial, const sweep::TrialSummary& summary) {
    observer.scored(trial, summary);
  };
}

/// A server that lets nobody in is told before anything else is done.
void check_tracking(comm::Communicator& comm, const config::Config& config,
                    const tracking::Settings& settings, const Pulse& pulse) {
  comm::agree(comm, [&] {
    if (comm.rank() != 0 || config.tracking.uri.empty()) return;
    const auto down = tracking::check_server(settings, pulse);
    if (!down.empty()) std::cerr << "dream_sweep: warning: " << down << std::endl;
  });
}

/// sweep::run(), and its trace where the config asks for one.
sweep::Finished run_traced(comm::Communicator& comm, const config::Config& config, sweep::RunOptions& options,
                           sweep::Progress& progress) {
  if (options.plan_only) return sweep::run(comm, config, options, progress);
  jobs::Tracing tracing(comm, config, config.sweep.trace);
  options.trace = tracing.trace();
  try {
    auto finished = sweep::run(tracing.comm(), config, options, progress);
    tracing.finish(config, options.log);
    return finished;
  } catch (const Error& e) {
    if (e.on_all_ranks) tracing.finish(config, options.log);
    throw;
  }
}

/// Launchers repeat a start that was killed or stopped; one that ends by itself, or in a way that only a
/// person can mend, is none of these (state/starts.hpp).
void count_as_start(const comm::Communicator& comm, const config::Config& config,
                    const std::function<void()>& work) {
  const auto forget = [&] {
    if (comm.rank() == 0) state::forget_starts(config.sweep.state, config.sweep.name);
  };
  try {
    work();
    forget();
  } catch (const Error& e) {
    if (e.on_all_ranks && e.code != ExitCode::resumable) forget();
    throw;
  }
}

/// `redact` learns the config's secrets as soon as they are known, for the messages of main().
int run_sweep(comm::Communicator& comm, jobs::Job& job, const jobs::CommandLine& line,
              net::Redactor& redact) {
  const auto config = jobs::load_config(comm, job);
  redact = jobs::secrets_of(config);
  std::unique_ptr<storage::Service> s3;
  if (config::uses_s3(config)) s3 = jobs::open_s3(comm, jobs::s3_settings(config.s3), redact);
  sweep::RunOptions options;
  options.s3 = s3.get();
  options.plan_only = line.plan || line.check;
  options.check_endpoints = line.check;
  options.until = line.until;
  options.pilot = line.pilot;
  options.fault = parse_fault(line.fault);
  options.stop = jobs::stop_in_time(config, job);
  // A folder that takes no results is told before the work, not after it.
  comm::agree(comm, [&] {
    if (comm.rank() != 0 || line.plan) return;
    report::prepare_output(config);
    if (storage::is_url(config.sweep.output)) {
      storage::prove_writable(*s3, storage::parse_url(config.sweep.output),
                              comm::pulse_of(comm, options.stop));
    }
  });
  if (!options.plan_only) {
    options.log = jobs::start_log(comm, config, "sweep.log", redact);
    jobs::say_first_words(comm, config, job, options.log);
  }
  const auto tracking = tracking::settings_of(config.tracking, jobs::s3_settings(config.s3));
  if (!line.plan) check_tracking(comm, config, tracking, comm::pulse_of(comm, options.stop));
  tracking::Observer observer(config, tracking, comm::mpi_version(), options.log);
  observe(comm, config, observer, options);
  const auto board = jobs::make_board(comm, config, options.log,
                                      [&observer](sweep::Stage stage, std::int64_t items, std::int64_t done) {
                                        observer.progress(stage, items, done);
                                      });
  jobs::check_ranks(comm, config, job);
  options.replaces = job.incarnations;
  options.incarnation = jobs::name_run(comm, job);
  const auto pulse = comm::pulse_of(comm, options.stop);
  const auto work = [&] {
    const auto finished = run_observed(observer, [&] { return run_traced(comm, config, options, *board); });
    comm::agree(comm, [&] {
      if (comm.rank() != 0) return;
      if (line.check) {
        std::cout << line.config << ": no problems found\n";
        for (const auto& warning : finished.warnings) std::cout << "warning: " << warning << "\n";
      }
      if (options.plan_only)
        std::cout << sweep::describe(finished.plan, config, finished.held_out);
      else if (finished.complete)
        finish(config, finished, options.log, s3.get(), observer, pulse);
      else if (finished.outcome.forecast) {
        report::write_forecast(config, finished);
        put_results(config, s3.get(), pulse);
        std::cout << report::forecast_text(config, finished);
      }
      if (!finished.hold_out_unpaid.empty()) {
        std::cout << std::flush;
        throw sweep::OutOfBudget("the results are there, without the hold-out: " + finished.hold_out_unpaid);
      }
    });
  };
  if (options.plan_only)
    work();
  else
    count_as_start(comm, config, work);
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
  auto comm = launched ? comm::mpi_world({.stopped = line.stopped_limit}) : comm::self();
  if (line.version || !line.list.empty()) {
    if (comm.rank() == 0 && line.version) print_version();
    if (comm.rank() == 0 && !line.list.empty()) return print_list(line.list);
    return 0;
  }
  jobs::watch_signals();
  return jobs::run_to_the_end(std::move(comm), "dream_sweep", line,
                              [&](comm::Communicator& group, jobs::Job& job, net::Redactor& redact) {
                                return run_sweep(group, job, line, redact);
                              });
}
