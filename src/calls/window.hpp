#pragma once
#include <chrono>
#include <cstdint>
#include <vector>

namespace dream::calls {

/// How many requests to keep open at an endpoint: additive increase, multiplicative decrease. It doubles each
/// round (as many replies as it is wide) until the endpoint first pushes back, then grows by one a round. A
/// push-back (429, 503) halves it, once a round. A round whose median latency is over twice the best round's
/// takes a tenth away, where `by_latency` says so: more open requests would only queue there.
class Window {
 public:
  Window(std::int64_t start, std::int64_t most, bool by_latency);

  [[nodiscard]] std::int64_t width() const { return width_; }
  void replied(std::chrono::microseconds latency);
  void pushed_back();

 private:
  void end_round();

  std::int64_t width_;
  std::int64_t most_;
  bool by_latency_;
  bool doubling_ = true;
  bool cut_ = false;  ///< in this round
  double best_ = 0;   ///< median of the best round, microseconds; 0: none yet
  std::vector<double> round_;
};

}  // namespace dream::calls
