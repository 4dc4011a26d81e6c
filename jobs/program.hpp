#pragma once
#include <functional>
#include <string>

#include "base/log.hpp"
#include "comm/communicator.hpp"
#include "config/config.hpp"
#include "jobs/command_line.hpp"
#include "net/redact.hpp"

/// What the programs over MPI have in common: how they get their config, and their one road out.
namespace dream::jobs {

/// Rank 0's config file and environment decide on all ranks: workers often get neither from a launcher.
/// Collective.
[[nodiscard]] config::Config load_config(comm::Communicator& comm, const ConfigLine& line);

/// Takes the config's secrets out of messages.
[[nodiscard]] net::Redactor secrets_of(const config::Config& config);

/// The log `name` in sweep.output; rank 0 alone has one. Collective.
[[nodiscard]] Log start_log(comm::Communicator& comm, const config::Config& config, const std::string& name,
                            const net::Redactor& redact);

/// Runs `body` within the program's only catch: an error that all ranks share is printed once and leaves in
/// good order; an error of one rank alone ends the job, because nobody can be asked to agree on it any more.
/// `body` puts the secrets that messages must not show into the redactor as soon as it knows them. Returns
/// the exit code.
[[nodiscard]] int guarded(comm::Communicator& comm, const std::string& program,
                          const std::function<int(net::Redactor&)>& body);

}  // namespace dream::jobs
