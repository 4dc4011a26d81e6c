#include "jobs/program.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <iostream>
#include <optional>

#include "base/bytes.hpp"
#include "base/file.hpp"
#include "base/host.hpp"
#include "comm/agree.hpp"
#include "jobs/environment.hpp"
#include "jobs/log.hpp"
#include "state/claim.hpp"
#include "sweep/catalog.hpp"
#include "tracking/settings.hpp"

namespace dream::jobs {
namespace {

std::string read_config(const std::string& file) {
  try {
    return read_file(file);
  } catch (const CorpusError& e) {
    throw ConfigError(e.what());
  }
}

Bytes read_config_and_environment(const ConfigLine& line) {
  const auto variables = config::environment(line.env_file);
  Packer packer;
  packer.put(read_config(line.config)).put(std::ssize(variables));
  for (const auto& [name, value] : variables) packer.put(name).put(value);
  return packer.take();
}

std::string where(const comm::Communicator& comm, const std::string& program) {
  return comm.size() == 1 ? program : fmt::format("{}: rank {} on {}", program, comm.rank(), host_name());
}

/// Nothing after a loss of ranks that the others survive.
std::optional<int> guarded(comm::Communicator& comm, Job& job, const Body& body) {
  net::Redactor redact;
  try {
    return body(comm, job, redact);
  } catch (const comm::RanksLost&) {
    return std::nullopt;
  } catch (const Error& e) {
    if (e.on_all_ranks || comm.size() == 1) {
      if (comm.rank() == 0) std::cerr << "\n" << job.program << ": " << redact(e.what()) << std::endl;
      return static_cast<int>(e.code);
    }
    std::cerr << "\n" << where(comm, job.program) << ": " << redact(e.what()) << std::endl;
    comm.abort(static_cast<int>(e.code));
  } catch (const std::exception& e) {
    std::cerr << "\n" << where(comm, job.program) << ": " << redact(e.what()) << std::endl;
    comm.abort(static_cast<int>(ExitCode::bug));
  }
}

/// For who started the job, when the launcher's word is not enough: Open MPI 5 under ULFM gives up a job that
/// has lost a host, and ends with 0.
void mark_end(const comm::Communicator& comm, const Job& job, int code) {
  if (comm.rank() != 0 || job.line.ended.empty()) return;
  try {
    write_file(job.line.ended, fmt::format("{}\n", code));
  } catch (const Error& e) {
    std::cerr << "\n" << job.program << ": " << e.what() << std::endl;
  }
}

}  // namespace

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

net::Redactor secrets_of(const config::Config& config) {
  net::Redactor redact;
  for (const auto& [name, model] : config.models) redact.add(model.api_key.value);
  tracking::add_secrets(config.tracking.environment, redact);
  return redact;
}

Log start_log(comm::Communicator& comm, const config::Config& config, const std::string& name,
              const net::Redactor& redact) {
  Log log = no_log();
  comm::agree(comm, [&] {
    if (comm.rank() == 0) log = open_log(config::output_folder(config) + "/" + name, redact);
  });
  return log;
}

void say_first_words(const comm::Communicator& comm, const config::Config& config, const Job& job,
                     const Log& log) {
  if (comm.rank() != 0) return;
  const auto ranks = fmt::format("{} rank{}", comm.size(), comm.size() == 1 ? "" : "s");
  auto words = fmt::format("{}: {}", config.sweep.name, ranks);
  if (!job.lost.empty()) {
    std::vector<std::string> lost;
    for (const auto& one : job.lost)
      lost.push_back(fmt::format("rank {} on {} (process {})", one.rank, one.host, one.process));
    words = fmt::format("{}: lost {}; goes on with {}", config.sweep.name, fmt::join(lost, ", "), ranks);
  }
  fmt::print(stderr, "{}\n", words);
  log(job.lost.empty() ? Level::info : Level::warning, words);
}

void check_ranks(comm::Communicator& comm, const config::Config& config, const Job& job) {
  const auto least = config.sweep.min_ranks > 0 ? config.sweep.min_ranks : (job.ranks + 1) / 2;
  comm::agree(comm, [&] {
    if (comm.size() == job.ranks || comm.size() >= least) return;
    throw Stopped(fmt::format("the loss of ranks: {} of {} are left, fewer than {} (sweep.min_ranks)",
                              comm.size(), job.ranks, least));
  });
}

Pulse stop_in_time(const config::Config& config, const Job& job) {
  const auto hours = config.sweep.wall_hours;
  const auto margin = config.sweep.wall_margin_minutes;
  const std::chrono::duration<double> time(hours * 3600 - margin * 60);
  return [hours, margin, time, start = job.start] {
    if (const char* signal = stop_asked()) throw Stopped(signal);
    if (hours <= 0 || std::chrono::steady_clock::now() - start < time) return;
    throw Stopped(fmt::format("sweep.wall_hours = {} but for sweep.wall_margin_minutes = {} have passed",
                              hours, margin));
  };
}

std::string name_run(comm::Communicator& comm, Job& job) {
  const auto name = state::new_incarnation();
  Bytes bytes(name.begin(), name.end());
  comm.broadcast(bytes, 0);
  return job.incarnations.emplace_back(bytes.begin(), bytes.end());
}

int run_to_the_end(comm::Communicator comm, const std::string& program, const ConfigLine& line,
                   const Body& body) {
  for (Job job{program, line, comm.size()};;) {
    const auto code = guarded(comm, job, body);
    if (comm.conclude(code.has_value())) {
      mark_end(comm, job, *code);
      return *code;
    }
    auto left = comm.survivors();
    comm = std::move(left.comm);
    job.lost = std::move(left.lost);
  }
}

}  // namespace dream::jobs
