#pragma once
#include <functional>
#include <string>
#include <string_view>

#include "trace/gather.hpp"

namespace dream::trace {

/// Writes a trace as Chrome's trace-event JSON, which ui.perfetto.dev opens: a process for each rank, named
/// by rank and host; a thread for each track; counters. Microseconds. `put` gets the text piece by piece.
void write_perfetto(const RunTrace& run, const std::function<void(std::string_view)>& put);

}  // namespace dream::trace
