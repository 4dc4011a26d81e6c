#pragma once
#include <cstdint>
#include <string>

namespace dream::reader {

struct Limits {
  std::int64_t cpu_seconds = 60;  ///< per document
  std::int64_t memory_mb = 1024;  ///< address space of the process
};

/// False in builds with a sanitizer, whose runtime needs what the sandbox forbids: lock_in() then does
/// nothing.
[[nodiscard]] bool can_lock_in();

/// First thing in main(): dies with the parent, shuts every descriptor but 0, 1, 2, ignores the terminal's
/// and the scheduler's signals (the parent decides when the reader ends).
void detach();

/// For ever: no new privileges; no sockets, processes, programs, executable memory (the kernel kills the
/// process on the attempt); no opening or looking up of files (the call fails); limits on memory, core dumps,
/// files and descriptors. Throws std::runtime_error when the kernel refuses any of it: better no reader than
/// an open one.
void lock_in(const Limits& limits);

/// Sets the CPU limit for one more document, counted from now.
void allow_cpu(std::int64_t seconds);

/// What one forbidden thing does, for the tests and for administrators: "socket", "exec", "fork", "code"
/// (executable memory), "thread", "kill" or "open". Returns the sentence to print when the process survives
/// the attempt.
[[nodiscard]] std::string attempt(const std::string& what);

}  // namespace dream::reader
