#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "calls/latencies.hpp"

namespace dream::calls {

/// What was asked of an endpoint, and what it took.
struct AskCounts {
  std::int64_t sent = 0;  ///< HTTP requests, retries included
  std::int64_t retries = 0;
  std::int64_t from_store = 0;
  std::int64_t joined = 0;        ///< waited for an equal call already open
  std::int64_t given_up = 0;      ///< transient to the last attempt
  std::int64_t input_tokens = 0;  ///< of replies that were received, not of those from the store
  std::int64_t output_tokens = 0;
  double usd = 0;          ///< at the config's prices
  Latencies latency{};     ///< of received replies
  Latencies first_byte{};  ///< of those that came as a stream
};

/// Counts by what the calls were for ("answer", "embed", ...) and the config's name of the model.
using Usage = std::map<std::pair<std::string, std::string>, AskCounts>;

}  // namespace dream::calls
