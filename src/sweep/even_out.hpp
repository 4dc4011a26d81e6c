#pragma once
#include <cstdint>
#include <span>
#include <vector>

namespace dream::sweep {

/// What a worker has to do in a round, and how fast it does it: equal tasks, tasks a second, or in any unit
/// that is the same for all.
struct Load {
  std::int64_t tasks = 0;
  double speed = 1;  ///< 0: it gets nothing more than it has
};

/// Worker `from` gives `tasks` of its own to `to`.
struct Move {
  int from = 0;
  int to = 0;
  std::int64_t tasks = 0;
};

/// Who gives how much to whom so that all end at about the same time; nothing where all do already (2 %), for
/// a task that moves has to be sent. Pure: every rank comes to the same moves from the same loads.
[[nodiscard]] std::vector<Move> even_out(std::span<const Load> loads);

}  // namespace dream::sweep
