#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "base/trace.hpp"
#include "comm/communicator.hpp"

namespace dream::trace {

/// How the clock of a rank stands to that of rank 0, nanoseconds.
struct ClockOffset {
  std::int64_t add = 0;    ///< to a time of this rank, to have one of rank 0
  std::int64_t error = 0;  ///< `add` is off by this at most
};

/// When a rank came to a barrier and left it, on its own clock.
struct Passage {
  std::int64_t came = 0;
  std::int64_t left = 0;
};

/// The offset between two clocks from the passages of both through the same barriers. Nobody leaves a barrier
/// before all have come: came(a) <= left(b) and came(b) <= left(a) at one true time, so each barrier bounds
/// the offset from both sides, and all of them together leave an interval, whose middle is
/// taken; or 0 where that is possible: ranks of one host have one clock. Pure.
[[nodiscard]] ClockOffset offset_between(std::span<const Passage> root, std::span<const Passage> other);

/// Every rank's offset to rank 0, on every rank. Some barriers, less than a millisecond. Collective.
[[nodiscard]] std::vector<ClockOffset> compare_clocks(comm::Communicator& comm);

}  // namespace dream::trace
