#pragma once

namespace dream::jobs {

/// Libraries read thread settings once, before main() can change them. When the launcher has not set them,
/// this sets OMP_WAIT_POLICY=passive (spinning OpenMP threads starve OpenBLAS's) and one OpenMP thread, since
/// ranks bring their own threads, and starts the program again in place: same process, same arguments. A
/// no-op the second time.
void prepare_environment(char** argv);

/// Installs handlers: SIGTERM, SIGINT and SIGUSR1 ask for a stop at the next safe point; a second SIGINT ends
/// at once.
void watch_signals();

/// The name of the signal that asked for a stop, or nullptr.
[[nodiscard]] const char* stop_asked();

}  // namespace dream::jobs
