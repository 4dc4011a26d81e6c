#pragma once
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/errors.hpp"
#include "base/pulse.hpp"
#include "comm/communicator.hpp"
#include "comm/hosts.hpp"
#include "config/config.hpp"
#include "sweep/plan.hpp"

namespace dream::sweep {

/// What a rank finds wrong. Two ranks that find the same have equal faults, so `text` names no rank; it is a
/// sentence with key, place, value and remedy.
struct Fault {
  ExitCode code = ExitCode::state;
  std::string text;
  bool operator==(const Fault&) const = default;
};

/// Faults of a rank, and for how many ranks it speaks: an endpoint is asked by one rank of a host for all of
/// them.
struct Findings {
  int rank = 0;
  std::string host;
  struct Entry {
    Fault fault;
    int ranks = 1;
  };
  std::vector<Entry> entries;
};

/// The sweep cannot run as it was started: every fault of every rank, equal ones as one line. The exit code
/// is the first fault's.
struct PreflightError : Error {
  PreflightError(ExitCode exit_code, const std::string& message, std::vector<Fault> all)
      : Error(exit_code, message), faults(std::move(all)) {}
  std::vector<Fault> faults;
};

/// Equal faults become one line with the number of ranks and the first of them, in the order in which the
/// ranks list them. Nothing when there is none. Pure.
[[nodiscard]] std::optional<PreflightError> merge_findings(const std::vector<Findings>& all, int ranks);

struct PreflightOptions {
  std::string nonce{};                       ///< names this start of the program; only rank 0's counts
  std::optional<Stage> until{};              ///< endpoints of later stages are not asked
  bool makes_state = true;                   ///< false: a state folder that is absent stays so
  bool reads_golden = true;                  ///< false: golden.file is not read, it is made
  std::chrono::milliseconds patience{3000};  ///< how long a rank looks for what rank 0 wrote (a lazy cache)
};

/// Before any work: every rank reads the sources and models, reads and writes the state folder, and finds
/// there what rank 0 has just written, so that all see one folder; one rank of each host asks every endpoint
/// (a request without cost). Throws PreflightError on all ranks. Returns what the log should say though
/// nothing is wrong. Milliseconds where all is well. Collective.
[[nodiscard]] std::vector<std::string> preflight(comm::Communicator& comm, const comm::Hosts& hosts,
                                                 const config::Config& config,
                                                 const PreflightOptions& options, const Pulse& pulse);

}  // namespace dream::sweep
