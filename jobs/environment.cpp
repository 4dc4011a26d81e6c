#include "jobs/environment.hpp"

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>

namespace dream::jobs {
namespace {

/// Handlers may touch nothing else.
std::atomic<int> asked_by{0};

extern "C" void on_signal(int signal) {
  if (signal == SIGINT && asked_by.load() == SIGINT) ::_exit(130);
  asked_by.store(signal);
}

}  // namespace

void prepare_environment(char** argv) {
  if (std::getenv("OMP_WAIT_POLICY") != nullptr && std::getenv("OMP_NUM_THREADS") != nullptr) return;
  ::setenv("OMP_WAIT_POLICY", "passive", 0);
  ::setenv("OMP_NUM_THREADS", "1", 0);
  ::execv("/proc/self/exe", argv);
  // Without /proc the settings do not reach the libraries: slower, not wrong.
}

void watch_signals() {
  struct sigaction action {};
  action.sa_handler = on_signal;
  for (const int signal : {SIGTERM, SIGINT, SIGUSR1}) ::sigaction(signal, &action, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
}

const char* stop_asked() {
  switch (asked_by.load()) {
    case SIGTERM:
      return "SIGTERM";
    case SIGINT:
      return "SIGINT";
    case SIGUSR1:
      return "SIGUSR1";
    default:
      return nullptr;
  }
}

}  // namespace dream::jobs
