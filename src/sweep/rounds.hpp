#pragma once
#include <cstdint>
#include <functional>
#include <vector>

#include "comm/communicator.hpp"
#include "sweep/run_context.hpp"

namespace dream::sweep {

/// Cuts this rank's items into rounds and calls `round` until no rank has items left: ranks that run out
/// early join with an empty round, because a round is collective. A round holds items until their weights
/// pass `budget`.
inline void in_rounds(comm::Communicator& comm, const std::vector<Item>& items, std::int64_t budget,
                      const std::function<void(std::span<const Item>)>& round) {
  std::size_t at = 0;
  for (;;) {
    const auto left = static_cast<std::int64_t>(items.size() - at);
    if (comm.all_reduce(left, comm::Reduce::max) == 0) return;
    const auto end = end_of_round(items, at, budget);
    round(std::span(items).subspan(at, end - at));
    at = end;
  }
}

}  // namespace dream::sweep
