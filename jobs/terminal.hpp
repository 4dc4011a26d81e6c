#pragma once
#include <optional>

namespace dream::jobs {

/// The terminal on which stderr is seen, to ask it for its size.
struct Terminal {
  int file;  ///< descriptor, open for as long as the program runs
  /// Now, for windows change; 80 where it does not tell.
  [[nodiscard]] int columns() const;
};

/// Nothing where stderr goes anywhere else, and where TERM is missing or "dumb". mpirun gives its ranks a
/// pipe and passes on what comes through, so its own stderr counts for them.
[[nodiscard]] std::optional<Terminal> find_terminal();

}  // namespace dream::jobs
