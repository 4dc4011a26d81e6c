#pragma once
#include <vector>

#include "base/log.hpp"
#include "base/trace.hpp"
#include "comm/communicator.hpp"
#include "config/config.hpp"
#include "trace/clocks.hpp"

namespace dream::jobs {

/// The trace of one run, where sweep.trace asks for it; else nothing is recorded, and `comm` is what it was.
class Tracing {
 public:
  /// Collective.
  Tracing(comm::Communicator& comm, const config::Config& config, bool wanted);

  /// The group, whose waits the trace records.
  [[nodiscard]] comm::Communicator& comm() { return comm_; }
  [[nodiscard]] const Trace& trace() const { return trace_; }

  /// Writes trace.json into sweep.output and names the critical path in the log, both on rank 0. A file that
  /// cannot be written is a warning: the sweep is worth more. Collective; also after an error that all ranks
  /// share.
  void finish(const config::Config& config, const Log& log);

 private:
  Trace trace_;
  comm::Communicator comm_;
  std::vector<trace::ClockOffset> at_start_;
};

}  // namespace dream::jobs
