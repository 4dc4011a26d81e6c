#include "calls/lane.hpp"

#include <algorithm>
#include <charconv>

namespace dream::calls {
namespace {

using std::chrono::milliseconds;

constexpr std::int64_t adaptive_start = 4;

/// No reply, or one of a server that is out of order. A connection that broke inside a reply is a sign of
/// life.
bool looks_dead(const net::HttpResult& result) {
  if (result.fault == net::HttpFault::none) return result.status >= 500;
  return result.fault != net::HttpFault::truncated && result.fault != net::HttpFault::too_large;
}

}  // namespace

std::optional<milliseconds> parse_reset(std::string_view text) {
  if (text.empty()) return std::nullopt;
  double seconds = 0;
  while (!text.empty()) {
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || number < 0) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    const auto unit = text.substr(0, std::min(text.find_first_of("0123456789."), text.size()));
    text.remove_prefix(unit.size());
    if (unit == "ms")
      seconds += number / 1e3;
    else if (unit == "s" || unit.empty())
      seconds += number;
    else if (unit == "m")
      seconds += number * 60;
    else if (unit == "h")
      seconds += number * 3600;
    else
      return std::nullopt;
  }
  return milliseconds(static_cast<std::int64_t>(std::min(seconds, 1e6) * 1e3));
}

Lane::Lane(const Endpoint& endpoint, const AskOptions& options)
    : longest_wait_(options.longest_wait),
      window_(endpoint.adaptive ? adaptive_start : endpoint.in_flight, endpoint.in_flight, endpoint.adaptive),
      requests_(endpoint.requests_per_minute),
      tokens_(endpoint.tokens_per_minute),
      breaker_(options.failures_before_pause, options.pause, options.longest_backoff) {}

TimePoint Lane::ready(double tokens, TimePoint now) const {
  if (running_ >= window_.width()) return TimePoint::max();
  return std::max({held_until_, breaker_.ready(now), requests_.ready(1, now), tokens_.ready(tokens, now)});
}

void Lane::sent(double tokens, TimePoint now) {
  ++running_;
  breaker_.sent();
  requests_.take(1, now);
  tokens_.take(tokens, now);
}

void Lane::ended(const net::HttpResult& result, double expected, double real, TimePoint now) {
  --running_;
  tokens_.give_back(expected - real, now);
  if (looks_dead(result))
    breaker_.failed(now);
  else
    breaker_.replied();
  if (result.status == 429 || result.status == 503)
    window_.pushed_back();
  else if (result.fault == net::HttpFault::none)
    window_.replied(result.elapsed);
  obey(result, now);
}

void Lane::obey(const net::HttpResult& result, TimePoint now) {
  const auto hold = [&](std::optional<milliseconds> time) {
    if (time && *time <= longest_wait_) held_until_ = std::max(held_until_, now + *time);
  };
  if (result.status == 429) hold(result.retry_after);
  for (const auto* what : {"requests", "tokens"}) {
    const auto left = result.rate_limits.find("x-ratelimit-remaining-" + std::string(what));
    const auto reset = result.rate_limits.find("x-ratelimit-reset-" + std::string(what));
    if (left == result.rate_limits.end() || reset == result.rate_limits.end() || left->second != "0")
      continue;
    hold(parse_reset(reset->second));
  }
}

bool Lane::given_up(TimePoint now) const {
  return running_ == 0 && breaker_.dead_for(now) > longest_wait_ && breaker_.ready(now) > now;
}

}  // namespace dream::calls
