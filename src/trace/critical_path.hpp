#pragma once
#include <string>
#include <vector>

#include "trace/gather.hpp"

namespace dream::trace {

/// What a stage adds to the critical path. Seconds.
struct CriticalStage {
  std::string name;
  double seconds = 0;       ///< of the path in this stage
  double calls = 0;         ///< of them, waiting for calls
  int rank = 0;             ///< that holds most of them
  double rank_seconds = 0;  ///< of the path, on that rank
};

/// The chain of work that decided how long the run took. Ranks meet again and again, and go on together when
/// the last has come; so between two meetings the path runs over the rank that worked longest. No clocks are
/// compared for it.
///
///   rank 0  ====......|===...|          == work   .. wait for others
///   rank 1  ==========|==....|          path: rank 1 until the first meeting,
///   rank 2  ======....|======|          then rank 2
struct CriticalPath {
  std::vector<CriticalStage> stages;  ///< longest first
  double run = 0;                     ///< from the start to the end of rank 0's record
  double calls = 0;                   ///< of the path, waiting for calls
  double waited = 0;                  ///< share of all ranks' time that they waited for each other

  /// "critical path: embed on rank 2 (41.0 s of 63.2 s), score on rank 0 (12.1 s), waiting for calls 11.8 s;
  /// ranks waited 8 % of their time for each other"
  [[nodiscard]] std::string sentence() const;
};

[[nodiscard]] CriticalPath critical_path(const RunTrace& run);

}  // namespace dream::trace
