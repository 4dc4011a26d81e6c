// The program: rank 0 and the workers start here, run the sweep, and leave by one road.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include "base/file.hpp"
#include "base/host.hpp"
#include "comm/agree.hpp"
#include "comm/mpi.hpp"
#include "config/config.hpp"
#include "config/list.hpp"
#include "dream_version.hpp"
#include "jobs/board.hpp"
#include "jobs/command_line.hpp"
#include "jobs/environment.hpp"
#include "jobs/log.hpp"
#include "net/redact.hpp"
#include "report/outputs.hpp"
#include "state/claim.hpp"
#include "sweep/catalog.hpp"
#include "sweep/run.hpp"

namespace {

using namespace dream;
using Clock = std::chrono::steady_clock;

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

std::string read_config(const std::string& file) {
  try {
    return read_file(file);
  } catch (const CorpusError& e) {
    throw ConfigError(e.what());
  }
}

/// What outlives the loss of ranks: a job makes one run after the other, until one comes to its end
/// (docs/adr/0015).
struct Job {
  const jobs::CommandLine& line;
  int ranks;                                ///< at its start
  Bytes config{};                           ///< text and environment, once a rank 0 has read them
  std::vector<std::string> incarnations{};  ///< of its runs
  std::vector<comm::LostRank> lost{};       ///< since the run before
  Clock::time_point start = Clock::now();
};

Bytes read_config_and_environment(const jobs::CommandLine& line) {
  const auto variables = config::environment(line.env_file);
  Packer packer;
  packer.put(read_config(line.config)).put(std::ssize(variables));
  for (const auto& [name, value] : variables) packer.put(name).put(value);
  return packer.take();
}

/// Rank 0's config file and environment decide on all ranks: workers often get neither from a launcher. So
/// who follows a rank 0 that was lost takes over what that one has read.
config::Config load_config(comm::Communicator& comm, Job& job) {
  const int knows = job.config.empty() ? comm.size() : comm.rank();
  const int source = static_cast<int>(comm.all_reduce(knows, comm::Reduce::min)) % comm.size();
  Bytes message = job.config;
  comm::agree(comm, [&] {
    if (comm.rank() == source && message.empty()) message = read_config_and_environment(job.line);
  });
  comm.broadcast(message, source);
  job.config = message;  // only now: a loss may have cut the broadcast
  Unpacker reader(message);
  const auto text = reader.get<std::string>();
  config::LoadOptions options{job.line.overrides, {}};
  for (auto left = reader.get<std::ptrdiff_t>(); left > 0; --left) {
    auto name = reader.get<std::string>();
    options.environment[std::move(name)] = reader.get<std::string>();
  }
  config::Config config;
  comm::agree(comm, [&] { config = config::load_text(text, job.line.config, sweep::catalog(), options); });
  return config;
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
  if (outcome.gold.without > 0 || outcome.gold.lost_passages > 0) {
    std::cout << outcome.gold.without << " questions have no gold, and " << outcome.gold.lost_passages
              << " golden passages stand in no document: retrieval metrics leave them out\n";
  }
  if (outcome.transient_rows > 0) {
    std::cout << outcome.transient_rows
              << " rows failed for reasons that may pass; the same command tries them again\n";
  }
  std::cout << "results are in " << config.sweep.output << ": results.csv, questions.csv, chunks.csv, "
            << (verdict.winner < 0 ? "" : "best.toml, ")
            << "manifest.json; report.html shows them in a browser\n";
}

void print_forecast(const sweep::Forecast& forecast) {
  fmt::print(
      "answers by models behind endpoints: {} calls are left, {} replies are in the state folder\n"
      "  about {} tokens to send ({:.4f} USD), at most {} to receive; at most {:.4f} USD in all\n",
      forecast.calls, forecast.from_state, forecast.input_tokens, forecast.input_usd,
      forecast.most_output_tokens, forecast.most_usd);
}

net::Redactor secrets_of(const config::Config& config) {
  net::Redactor redact;
  for (const auto& [name, model] : config.models) redact.add(model.api_key.value);
  return redact;
}

/// The log of a run that does something; rank 0 alone has one. Collective.
Log start_log(comm::Communicator& comm, const config::Config& config, const net::Redactor& redact) {
  Log log = no_log();
  comm::agree(comm, [&] {
    if (comm.rank() == 0) log = jobs::open_log(config.sweep.output + "/sweep.log", redact);
  });
  return log;
}

/// The first thing that a run says.
std::string first_words(const comm::Communicator& comm, const config::Config& config, const Job& job) {
  const auto ranks = fmt::format("{} rank{}", comm.size(), comm.size() == 1 ? "" : "s");
  if (job.lost.empty()) return fmt::format("{}: {}", config.sweep.name, ranks);
  std::vector<std::string> lost;
  for (const auto& one : job.lost)
    lost.push_back(fmt::format("rank {} on {} (process {})", one.rank, one.host, one.process));
  return fmt::format("{}: lost {}; goes on with {}", config.sweep.name, fmt::join(lost, ", "), ranks);
}

/// A job that has lost most of its ranks would hold its nodes for long: better that its launcher starts it
/// anew.
void check_ranks(comm::Communicator& comm, const config::Config& config, const Job& job) {
  const auto least = config.sweep.min_ranks > 0 ? config.sweep.min_ranks : (job.ranks + 1) / 2;
  comm::agree(comm, [&] {
    if (comm.size() == job.ranks || comm.size() >= least) return;
    throw Stopped(fmt::format("the loss of ranks: {} of {} are left, fewer than {} (sweep.min_ranks)",
                              comm.size(), job.ranks, least));
  });
}

/// Throws Stopped when the time that the launcher gives the job is nearly over.
Pulse stop_before_the_wall(const config::Config& config, Clock::time_point start) {
  const auto& sweep = config.sweep;
  if (sweep.wall_hours <= 0) return no_pulse();
  const std::chrono::duration<double> time(sweep.wall_hours * 3600 - sweep.wall_margin_minutes * 60);
  return [&sweep, time, start] {
    if (Clock::now() - start < time) return;
    throw Stopped(fmt::format("sweep.wall_hours = {} but for sweep.wall_margin_minutes = {} have passed",
                              sweep.wall_hours, sweep.wall_margin_minutes));
  };
}

/// A name for the next run, the same on all ranks. Collective.
std::string name_run(comm::Communicator& comm) {
  const auto name = state::new_incarnation();
  Bytes bytes(name.begin(), name.end());
  comm.broadcast(bytes, 0);
  return {bytes.begin(), bytes.end()};
}

/// `redact` learns the config's secrets as soon as they are known, for the messages of main().
int run_sweep(comm::Communicator& comm, Job& job, net::Redactor& redact) {
  const auto& line = job.line;
  const auto config = load_config(comm, job);
  redact = secrets_of(config);
  sweep::RunOptions options;
  options.plan_only = line.plan || line.check;
  options.check_endpoints = line.check;
  options.until = line.until;
  options.fault = parse_fault(line.fault);
  options.stop = [look_at_the_clock = stop_before_the_wall(config, job.start)] {
    if (const char* signal = jobs::stop_asked()) throw Stopped(signal);
    look_at_the_clock();
  };
  if (!options.plan_only) options.log = start_log(comm, config, redact);
  const auto board = jobs::make_board(comm, options.log);
  if (comm.rank() == 0 && !options.plan_only) {
    const auto start = first_words(comm, config, job);
    fmt::print(stderr, "{}\n", start);
    options.log(job.lost.empty() ? Level::info : Level::warning, start);
  }
  check_ranks(comm, config, job);
  options.replaces = job.incarnations;
  options.incarnation = job.incarnations.emplace_back(name_run(comm));
  // A folder that takes no results is told before the work, not after it.
  comm::agree(comm, [&] {
    if (comm.rank() == 0 && !line.plan) report::prepare_output(config);
  });
  const auto finished = sweep::run(comm, config, options, *board);
  comm::agree(comm, [&] {
    if (comm.rank() != 0) return;
    if (line.check) std::cout << line.config << ": no problems found\n";
    if (options.plan_only)
      std::cout << sweep::describe(finished.plan, config);
    else if (finished.complete)
      finish(config, finished, options.log, comm::pulse_of(comm, options.stop));
    else if (finished.outcome.forecast)
      print_forecast(*finished.outcome.forecast);
  });
  return static_cast<int>(ExitCode::ok);
}

std::string where(const comm::Communicator& comm) {
  return comm.size() == 1 ? "dream_sweep"
                          : fmt::format("dream_sweep: rank {} on {}", comm.rank(), host_name());
}

/// The only catch: an error that all ranks share is printed once and leaves in good order; an error of one
/// rank alone ends the job, because nobody can be asked to agree on it any more.
/// Nothing after a loss of ranks that the others survive.
std::optional<int> guarded(comm::Communicator& comm, Job& job) {
  net::Redactor redact;
  try {
    return run_sweep(comm, job, redact);
  } catch (const comm::RanksLost&) {
    return std::nullopt;
  } catch (const Error& e) {
    if (e.on_all_ranks || comm.size() == 1) {
      if (comm.rank() == 0) std::cerr << "\ndream_sweep: " << redact(e.what()) << std::endl;
      return static_cast<int>(e.code);
    }
    std::cerr << "\n" << where(comm) << ": " << redact(e.what()) << std::endl;
    comm.abort(static_cast<int>(e.code));
  } catch (const std::exception& e) {
    std::cerr << "\n" << where(comm) << ": " << redact(e.what()) << std::endl;
    comm.abort(static_cast<int>(ExitCode::bug));
  }
}

/// Starting again is the recovery: a run that lost ranks is followed by one of those that are left, which
/// finds in the state folder whatever was sealed.
int run_to_the_end(comm::Communicator comm, const jobs::CommandLine& line) {
  for (Job job{line, comm.size()};;) {
    const auto code = guarded(comm, job);
    if (comm.conclude(code.has_value())) return *code;
    auto left = comm.survivors();
    comm = std::move(left.comm);
    job.lost = std::move(left.lost);
  }
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
  return run_to_the_end(std::move(comm), line);
}
