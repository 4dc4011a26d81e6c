#pragma once
#include <filesystem>
#include <string>

#include "calls/budget.hpp"

/// What a sweep has spent, over all its runs: the folder `<state>/budgets/<sweep>` holds a file for each rank
/// of each incarnation. A line is "USD TOKENS SECONDS", an upper bound of what that rank has spent since it
/// began, and the last whole line counts. It is written before the money is spent, some requests ahead, and
/// exactly at an orderly end; so a crash counts a few requests too many, never one too few.
namespace dream::calls {

struct Spent {
  Cost cost;
  double seconds = 0;  ///< of the job, by the clock of rank 0
};

class Ledger {
 public:
  explicit Ledger(std::filesystem::path path) : path_(std::move(path)) {}
  ~Ledger();
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;

  /// Returns when the disk holds that `so_far` may have been spent. `next`: of one more request; the file is
  /// written for several of these at once. Throws StateError.
  void cover(const Spent& so_far, const Cost& next);
  /// Writes what really was spent. Throws StateError.
  void close(const Spent& in_all);

 private:
  void write(const Spent& mark);

  std::filesystem::path path_;
  int file_ = -1;
  Spent mark_;
};

/// The folder of a sweep's ledgers.
[[nodiscard]] std::filesystem::path ledgers_of(const std::filesystem::path& state, const std::string& sweep);

/// The sum of all ledgers in a folder; nothing when it is absent. Throws StateError.
[[nodiscard]] Spent read_ledgers(const std::filesystem::path& folder);

}  // namespace dream::calls
