#pragma once
#include <chrono>
#include <cstdint>
#include <string_view>

#include "base/trace.hpp"
#include "calls/breaker.hpp"
#include "calls/endpoint.hpp"
#include "calls/rate_limit.hpp"
#include "calls/window.hpp"

namespace dream::calls {

struct AskOptions {
  std::chrono::milliseconds backoff{
      500};  ///< the first retry waits a random time up to this; doubled each time
  std::chrono::milliseconds longest_backoff{30'000};
  std::chrono::milliseconds longest_wait{300'000};  ///< an endpoint that wants more (Retry-After), or is dead
                                                    ///< for longer, makes its rows wait for the next run
  std::chrono::milliseconds pause{1'000};           ///< of a dead endpoint; doubled up to longest_backoff
  int failures_before_pause = 8;
  std::uint64_t seed = 1;  ///< of the random waits; no result depends on it
  Trace trace = {};        ///< counts calls in flight and queued
};

/// What this rank may send to one endpoint, and when: requests open at once, requests and tokens per minute,
/// what the endpoint asks for in its headers, and pauses while it is dead. The clock is the caller's.
class Lane {
 public:
  Lane(const Endpoint& endpoint, const AskOptions& options);

  /// When a request of about `tokens` tokens may go; TimePoint::max(): not before another one ends.
  [[nodiscard]] TimePoint ready(double tokens, TimePoint now) const;
  void sent(double tokens, TimePoint now);
  /// A request ended that was sent for `expected` tokens and took `real`.
  void ended(const net::HttpResult& result, double expected, double real, TimePoint now);

  [[nodiscard]] std::int64_t running() const { return running_; }
  /// Paused, and without a sign of life for longer than anybody should wait.
  [[nodiscard]] bool given_up(TimePoint now) const;

 private:
  void obey(const net::HttpResult& result, TimePoint now);

  std::chrono::milliseconds longest_wait_;
  Window window_;
  RateLimit requests_;
  RateLimit tokens_;
  Breaker breaker_;
  TimePoint held_until_{};
  std::int64_t running_ = 0;
};

/// "1s", "6m0s", "250ms", "1h2m3.5s", or plain seconds: the time that x-ratelimit-reset-* headers give. Empty
/// when it is none of these.
[[nodiscard]] std::optional<std::chrono::milliseconds> parse_reset(std::string_view text);

}  // namespace dream::calls
