#pragma once
#include <atomic>
#include <chrono>
#include <filesystem>
#include <mutex>
#include <string>
#include <thread>

#include "base/log.hpp"
#include "base/pulse.hpp"
#include "tracking/sender.hpp"
#include "tracking/settings.hpp"
#include "tracking/spool.hpp"

namespace dream::tracking {

/// Tells MLflow of a sweep while it runs: entries go to disk at once, and a thread of its own sends them, so
/// nobody waits. Whatever fails is a warning in the log, never an error of the sweep.
class Tracker {
 public:
  /// Continues the spool in `output`, or begins it. Throws StateError when it cannot be written.
  Tracker(const std::filesystem::path& output, const SpoolHeader& header, Log log);
  /// Stops sending; what is left stays in the spool.
  ~Tracker();
  Tracker(const Tracker&) = delete;
  Tracker& operator=(const Tracker&) = delete;

  void add(const Entry& entry);

  /// Waits, at most `patience`, until the sweep's own run exists. Throws Error (ExitCode::endpoint) when the
  /// server lets nobody in: before anything is paid for.
  void await_run(std::chrono::milliseconds patience, const Pulse& pulse);

  /// Waits, at most `grace`, until all is sent. A request to stop ends the waiting and nothing else.
  Standing finish(std::chrono::milliseconds grace, const Pulse& pulse);

  [[nodiscard]] Standing standing() const;

 private:
  void send();
  void tell();

  Log log_;
  Spool spool_;
  Settings settings_;
  std::atomic<bool> stopped_ = false;
  bool broken_ = false;  ///< the spool cannot be written
  std::string told_;     ///< the last problem that went to the log
  mutable std::mutex mutex_;
  Standing standing_;
  std::thread thread_;
};

}  // namespace dream::tracking
