#pragma once
#include <functional>
#include <string>

#include "base/pulse.hpp"
#include "comm/communicator.hpp"

namespace dream::comm {

/// The error that another rank met, as every other rank throws it: same exit code, same message.
struct RemoteError : Error {
  RemoteError(int failing_rank, ExitCode exit_code, const std::string& message)
      : Error(exit_code, message), rank(failing_rank) {
    on_all_ranks = true;
  }
  int rank;
};

/// Runs `work`, which must not communicate, on every rank, and makes all ranks leave by the same road: when
/// it throws anywhere, the lowest failing rank's error is thrown everywhere (there as it is, elsewhere as
/// RemoteError). A failing rank raises the alarm, so that the others' pulses end their loops at once.
/// Collective.
void agree(Communicator& comm, const std::function<void()>& work);

/// Thrown by pulse_of() in a rank whose own work is fine, when another one has failed; agree() replaces it.
struct Interrupted : Error {
  Interrupted() : Error(ExitCode::bug, "another rank failed") {}
};

/// A pulse that throws Interrupted once another rank has raised the alarm, and then calls `also`.
[[nodiscard]] Pulse pulse_of(Communicator& comm, Pulse also = no_pulse());

}  // namespace dream::comm
