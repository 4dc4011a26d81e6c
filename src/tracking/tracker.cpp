#include "tracking/tracker.hpp"

#include <csignal>

#include "base/errors.hpp"

namespace dream::tracking {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds look{50};

}  // namespace

Tracker::Tracker(const std::filesystem::path& output, const SpoolHeader& header, Log log)
    : log_(std::move(log)), spool_(output, header), settings_(header.settings) {
  // Signals are for the thread that runs the sweep.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this] { send(); });
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

Tracker::~Tracker() {
  stopped_ = true;
  thread_.join();
}

void Tracker::send() {
  try {
    Sender sender(spool_, settings_, [this] {
      if (stopped_) throw Stopped("the end of the sweep");
    });
    while (!stopped_) {
      sender.step(look);
      const std::lock_guard guard(mutex_);
      standing_ = sender.standing();
    }
  } catch (const Stopped&) {
  } catch (const std::exception& e) {
    const std::lock_guard guard(mutex_);
    standing_.problem = e.what();
    standing_.closed = true;
  }
}

/// The log belongs to the thread that runs the sweep.
void Tracker::tell() {
  const auto now = standing();
  if (now.problem == told_) return;
  told_ = now.problem;
  if (told_.empty())
    log_(Level::info, "MLflow answers again");
  else
    log_(Level::warning, told_);
}

void Tracker::add(const Entry& entry) {
  if (broken_) return;
  try {
    spool_.add(entry);
    tell();
  } catch (const std::exception& e) {
    broken_ = true;
    log_(Level::warning, std::string("MLflow is told nothing more of this sweep: ") + e.what());
  }
}

void Tracker::await_run(milliseconds patience, const Pulse& pulse) {
  const auto end = Clock::now() + patience;
  for (;;) {
    pulse();
    const auto now = standing();
    if (!now.page.empty()) break;
    if (now.closed || now.refused > 0) throw Error(ExitCode::endpoint, now.problem);
    // A server that is down is no reason to wait: it will be told later.
    if (!now.problem.empty() || Clock::now() > end) break;
    std::this_thread::sleep_for(look);
  }
  tell();
}

Standing Tracker::finish(milliseconds grace, const Pulse& pulse) {
  const auto end = Clock::now() + grace;
  for (;;) {
    const auto now = standing();
    if (now.over() || now.closed || broken_ || Clock::now() > end) break;
    try {
      pulse();
    } catch (const Stopped&) {
      break;
    }
    std::this_thread::sleep_for(look);
  }
  tell();
  return standing();
}

Standing Tracker::standing() const {
  const std::lock_guard guard(mutex_);
  auto now = standing_;
  now.entries = spool_.size();
  now.sent = spool_.sent();
  return now;
}

}  // namespace dream::tracking
