#pragma once
#include "base/trace.hpp"
#include "comm/communicator.hpp"

namespace dream::comm {

/// The same group, whose verbs tell `trace` when this rank waits in them, and where all ranks meet. Without a
/// trace that records it is `comm` itself. Local; all ranks must do it alike.
[[nodiscard]] Communicator traced(const Communicator& comm, Trace trace);

}  // namespace dream::comm
