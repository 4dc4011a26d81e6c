#pragma once
#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "base/pulse.hpp"

namespace dream::storage {

struct WebOptions {
  std::int64_t in_flight = 8;
  std::int64_t max_bytes = std::int64_t{1} << 30;  ///< of one document
  std::string ca_file;
};

/// Fetches web addresses, some at a time, each tried three times, redirections followed. `done` gets the
/// bytes, or why there are none, in any order.
void fetch_web(
    std::span<const std::string> urls, const WebOptions& options,
    const std::function<void(std::size_t index, std::string bytes, const std::string& problem)>& done,
    const Pulse& pulse);

}  // namespace dream::storage
