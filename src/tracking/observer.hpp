#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "base/pulse.hpp"
#include "config/config.hpp"
#include "stats/verdict.hpp"
#include "sweep/run.hpp"
#include "tracking/tell.hpp"
#include "tracking/tracker.hpp"

namespace dream::tracking {

/// Follows a sweep on rank 0 and tells MLflow. One per run of the sweep; nothing happens before begin().
class Observer {
 public:
  /// `settings`: with an empty uri the observer does nothing at all.
  Observer(const config::Config& config, Settings settings, std::string mpi, Log log);

  /// The plan is made, and nothing is paid for yet. Throws Error (ExitCode::endpoint) when the server lets
  /// nobody in. Once more when the plan is made anew from what was read: only the plan is taken then.
  void begin(const sweep::Finished& planned, const Pulse& pulse);
  void progress(sweep::Stage stage, std::int64_t items, std::int64_t done);
  void scored(const sweep::Trial& trial, const sweep::TrialSummary& summary);
  /// All results are written. Waits at most tracking.grace_s. What the terminal should say.
  [[nodiscard]] std::string end(const sweep::Finished& finished, const stats::Verdict& verdict,
                                const Pulse& pulse);
  /// The sweep ends early, for this reason. Waits a few seconds at most; never throws.
  void end_early(Status status);

 private:
  [[nodiscard]] Subject subject() const;
  void add(const std::vector<Entry>& entries);

  const config::Config& config_;
  Settings settings_;
  std::string mpi_;
  Log log_;
  sweep::Plan plan_;
  std::vector<std::string> metrics_;
  std::string key_;
  std::int64_t questions_ = 0;
  std::int64_t scoring_ms_ = 0;
  std::optional<sweep::Stage> stage_;  ///< the last that was told of, how much of it, and when
  std::int64_t done_ = 0;
  std::chrono::steady_clock::time_point told_;
  std::unique_ptr<Tracker> tracker_;
};

}  // namespace dream::tracking
