#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "base/trace.hpp"
#include "comm/communicator.hpp"
#include "trace/clocks.hpp"

namespace dream::trace {

/// What a rank has to say, with times already on rank 0's clock, nanoseconds from the start of rank 0's
/// record.
struct RankTrace {
  std::string host;
  TraceRecord record;
};

/// The traces of all ranks side by side.
struct RunTrace {
  std::vector<RankTrace> ranks;
  std::int64_t clock_error = 0;  ///< times of two ranks compare up to this, nanoseconds
};

/// Spans, counts and meetings that a rank may hold, so that those of all ranks fit into rank 0 together.
[[nodiscard]] std::int64_t room_for(int ranks);

/// Moves a rank's times onto rank 0's clock: by `at_start` at its start, by `at_end` at its end, and in
/// between in between, since clocks of two hosts drift apart at an even pace. `zero` becomes 0. Pure.
void move_times(TraceRecord& record, const ClockOffset& at_start, const ClockOffset& at_end,
                std::int64_t zero);

/// The traces of all ranks on rank 0; the others get an empty one. `at_start`: compare_clocks() when the
/// traces began. Collective.
[[nodiscard]] RunTrace gather(comm::Communicator& comm, const Trace& trace,
                              const std::vector<ClockOffset>& at_start);

}  // namespace dream::trace
