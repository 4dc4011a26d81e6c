#pragma once
#include <chrono>
#include <cstdint>

#include "calls/rate_limit.hpp"

namespace dream::calls {

/// Pauses an endpoint that seems dead: after `failures` in a row (no connection, no reply, 5xx) nothing is
/// sent for a pause, then a single request; when that fails too, for twice as long. One reply, and all goes
/// on. The clock is the caller's.
class Breaker {
 public:
  Breaker(int failures, std::chrono::milliseconds pause, std::chrono::milliseconds longest_pause)
      : most_(failures), first_pause_(pause), longest_pause_(longest_pause) {}

  /// When a request may go: `now` or later; TimePoint::max() while the single request is out.
  [[nodiscard]] TimePoint ready(TimePoint now) const;
  void sent();
  void replied();
  void failed(TimePoint now);
  /// How long it has been paused without a reply; zero when it is not.
  [[nodiscard]] std::chrono::milliseconds dead_for(TimePoint now) const;

 private:
  int most_;
  std::chrono::milliseconds first_pause_;
  std::chrono::milliseconds longest_pause_;
  int in_a_row_ = 0;
  std::chrono::milliseconds pause_{0};  ///< zero: closed, everything flows
  bool probing_ = false;
  TimePoint until_{};
  TimePoint since_{};
};

}  // namespace dream::calls
