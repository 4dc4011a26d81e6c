#pragma once
#include <cstdint>
#include <optional>

#include "calls/rate_limit.hpp"

namespace dream::calls {

/// What calls cost.
struct Cost {
  double usd = 0;
  std::int64_t tokens = 0;

  Cost& operator+=(const Cost& other) {
    usd += other.usd;
    tokens += other.tokens;
    return *this;
  }
  Cost& operator-=(const Cost& other) {
    usd -= other.usd;
    tokens -= other.tokens;
    return *this;
  }
  friend Cost operator+(Cost a, const Cost& b) { return a += b; }
  friend Cost operator-(Cost a, const Cost& b) { return a -= b; }
};

/// Sums of prices round in the last bits, differently in every order; no price is that small.
inline constexpr double rounding_usd = 1e-9;

/// A limit in each of the two units; an empty one does not bind.
struct Allowance {
  std::optional<double> usd;
  std::optional<std::int64_t> tokens;

  [[nodiscard]] bool covers(const Cost& cost) const {
    return (!usd || cost.usd <= *usd + rounding_usd) && (!tokens || cost.tokens <= *tokens);
  }
  [[nodiscard]] bool limited() const { return usd.has_value() || tokens.has_value(); }
};

/// One rank's share of what the job may still spend. A request reserves the most that it can cost before it
/// goes, and is settled at what it did cost; so spent + reserved is never more than the allowance. Plain
/// arithmetic; the ledger (ledger.hpp) makes it hold over restarts, and sweep/ deals the shares.
class Budget {
 public:
  /// A new share, from here on; what was spent under the old one has been counted.
  void deal(Allowance allowance) {
    allowance_ = allowance;
    spent_ = {};
  }
  /// Nothing is sent after this moment.
  void end_at(TimePoint end) { end_ = end; }

  /// Whether a request that costs at most `most` may go now; it is reserved then.
  [[nodiscard]] bool reserve(const Cost& most, TimePoint now) {
    if (now >= end_ || !allowance_.covers(spent_ + reserved_ + most)) return false;
    reserved_ += most;
    return true;
  }
  void settle(const Cost& most, const Cost& real) {
    reserved_ -= most;
    spent_ += real;
    total_ += real;
  }

  [[nodiscard]] bool limited() const { return allowance_.limited(); }
  [[nodiscard]] const Cost& reserved() const { return reserved_; }
  [[nodiscard]] const Cost& total() const { return total_; }  ///< spent since it was made

 private:
  Allowance allowance_;
  TimePoint end_ = TimePoint::max();
  Cost spent_;  ///< of this share
  Cost reserved_;
  Cost total_;
};

}  // namespace dream::calls
