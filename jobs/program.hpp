#pragma once
#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "base/pulse.hpp"
#include "comm/communicator.hpp"
#include "config/config.hpp"
#include "jobs/command_line.hpp"
#include "net/redact.hpp"

/// What the programs over MPI have in common: how they get their config, how they go on after a loss of
/// ranks, and their one road out.
namespace dream::jobs {

/// What outlives the loss of ranks: a job makes one run after the other, until one comes to its end
/// (docs/adr/0015).
struct Job {
  std::string program;
  ConfigLine line;
  int ranks;                                ///< at its start
  Bytes config{};                           ///< text and environment, once a rank 0 has read them
  std::vector<std::string> incarnations{};  ///< of its runs
  std::vector<comm::LostRank> lost{};       ///< since the run before
  std::chrono::steady_clock::time_point start = std::chrono::steady_clock::now();
};

/// Rank 0's config file and environment decide on all ranks: workers often get neither from a launcher. So
/// who follows a rank 0 that was lost takes over what that one has read. Collective.
[[nodiscard]] config::Config load_config(comm::Communicator& comm, Job& job);

/// Takes the config's secrets out of messages.
[[nodiscard]] net::Redactor secrets_of(const config::Config& config);

/// The log `name` in sweep.output; rank 0 alone has one. Collective.
[[nodiscard]] Log start_log(comm::Communicator& comm, const config::Config& config, const std::string& name,
                            const net::Redactor& redact);

/// Says on rank 0's terminal and in the log with how many ranks the run begins, and who was lost.
void say_first_words(const comm::Communicator& comm, const config::Config& config, const Job& job,
                     const Log& log);

/// Throws Stopped when fewer ranks are left than sweep.min_ranks: a job that has lost most of them would hold
/// its nodes for long; better that its launcher starts it anew. Collective.
void check_ranks(comm::Communicator& comm, const config::Config& config, const Job& job);

/// Throws Stopped after a signal that asks for it, and when sweep.wall_hours are nearly over.
[[nodiscard]] Pulse stop_in_time(const config::Config& config, const Job& job);

/// A name for the next run of the job, the same on all ranks. Collective.
[[nodiscard]] std::string name_run(comm::Communicator& comm, Job& job);

/// One run of a job. Puts the secrets that messages must not show into the redactor as soon as it knows them.
/// Returns the exit code.
using Body = std::function<int(comm::Communicator&, Job&, net::Redactor&)>;

/// Runs `body` within the program's only catch: an error that all ranks share is printed once and leaves in
/// good order; an error of one rank alone ends the job, because nobody can be asked to agree on it any more.
/// Starting again is the recovery: a run that lost ranks is followed by one of those that are left, which
/// finds in the state folder whatever was sealed. Returns the exit code.
[[nodiscard]] int run_to_the_end(comm::Communicator comm, const std::string& program, const ConfigLine& line,
                                 const Body& body);

}  // namespace dream::jobs
