#pragma once
#include <functional>

namespace dream {

/// Long local loops call this between items of work (a document, a batch, a shard). It throws when the loop
/// must end early: another rank failed, or the run was asked to stop. This is how every rank ends within
/// seconds.
using Pulse = std::function<void()>;

/// A pulse that never ends anything, for tests and small tools.
inline Pulse no_pulse() {
  return [] {};
}

}  // namespace dream
