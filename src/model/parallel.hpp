#pragma once
#include <cstdint>
#include <functional>

#include "base/pulse.hpp"

namespace dream::model {

/// Runs work(worker, item) for every item in [0, items) on up to `threads` threads of its own, the next free
/// worker taking the next item. The calling thread does no item: it calls `pulse` every few milliseconds,
/// which may throw. The first exception, of an item or of the pulse, ends the loop after the items in
/// progress and is thrown here.
void parallel_for(std::int64_t items, int threads, const Pulse& pulse,
                  const std::function<void(int worker, std::int64_t item)>& work);

}  // namespace dream::model
