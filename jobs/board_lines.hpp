#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "jobs/board_figures.hpp"

/// What the board says, as pure functions of a value: no terminal, no clock.
namespace dream::jobs {

struct BoardView {
  std::string stage;
  std::int64_t items = 0;
  std::int64_t done = 0;
  std::int64_t reused = 0;  ///< of them, found in the state folder
  double seconds = 0;       ///< of this stage
  std::int64_t in_flight = 0;
  std::int64_t sent = 0;       ///< calls, in this run
  std::int64_t sent_here = 0;  ///< of them, in this stage
  double usd = 0;              ///< of all runs of the sweep
  std::int64_t tokens = 0;
  double budget_usd = 0;  ///< 0: no limit
  std::int64_t budget_tokens = 0;
  Leader leader;
};

struct Look {
  int width = 80;  ///< columns
  bool colour = false;
};

/// The lines of a terminal for a stage at work; none is wider than the terminal. Calls and the leader have a
/// line as soon as there are any.
[[nodiscard]] std::vector<std::string> board_lines(const BoardView& view, const Look& look);

/// What stays of a stage that is over: its bar, on a terminal.
[[nodiscard]] std::string end_line(const BoardView& view, const Look& look);

/// The same for a log and where there is no terminal, of a stage at work and of one that is over.
[[nodiscard]] std::string plain_line(const BoardView& view);
[[nodiscard]] std::string plain_end_line(const BoardView& view);

}  // namespace dream::jobs
