#include "state/claim.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <fstream>
#include <sstream>
#include <system_error>

#include "base/errors.hpp"
#include "base/file.hpp"
#include "base/host.hpp"

namespace fs = std::filesystem;

namespace dream::state {
namespace {

/// What a claim file says.
struct Holder {
  std::string host;
  long process = 0;
  long beat = 0;      ///< grows with every renewal
  std::string space;  ///< process_space(), where its number means something
};

Holder read_holder(const fs::path& file) {
  Holder holder;
  std::ifstream stream(file);
  stream >> holder.host >> holder.process >> holder.beat >> holder.space;
  return holder;
}

bool process_is_gone(const Holder& holder) {
  return holder.host == host_name() && holder.space == process_space() &&
         ::kill(static_cast<pid_t>(holder.process), 0) != 0 && errno == ESRCH;
}

/// Whether the holder of `file` lives. Clocks of two hosts may differ, so time is measured here: a live
/// holder changes its file while we watch.
bool is_alive(const fs::path& file, const ClaimOptions& options) {
  const Holder first = read_holder(file);
  const auto until = std::chrono::steady_clock::now() + options.stale;
  while (std::chrono::steady_clock::now() < until) {
    if (!fs::exists(file)) return false;
    const Holder now = read_holder(file);
    if (process_is_gone(now)) return false;
    if (now.beat != first.beat) return true;
    std::this_thread::sleep_for(options.beat / 10);
  }
  return false;
}

}  // namespace

std::string new_incarnation() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return fmt::format("{:x}{:08x}-{}-{}", static_cast<long>(now.tv_sec), now.tv_nsec, host_name(), ::getpid());
}

Claim::Claim(const fs::path& folder, const std::string& incarnation, ClaimOptions options)
    : file_(folder / "active" / incarnation), options_(options) {
  std::error_code error;
  fs::create_directories(folder / "active", error);
  if (error) throw StateError(folder.string(), "", "cannot make active/: " + error.message());
  renew();
  // Before looking around: two that start together must see each other's beat, else each takes the other for
  // dead.
  thread_ = std::thread([this] { keep_renewing(); });
  try {
    refuse_others(folder);
  } catch (...) {
    end();
    throw;
  }
}

Claim::~Claim() { end(); }

void Claim::refuse_others(const fs::path& folder) {
  std::error_code error;
  for (const auto& other : fs::directory_iterator(folder / "active")) {
    if (other.path() == file_ || other.path().extension() == ".tmp") continue;
    const bool replaced =
        std::ranges::find(options_.replaces, other.path().filename().string()) != options_.replaces.end();
    if (!replaced && is_alive(other.path(), options_)) {
      const Holder holder = read_holder(other.path());
      throw StateError(
          folder.string(), "",
          fmt::format("another sweep works here: {} on {}, process {}; wait for it, stop it, or use another "
                      "sweep.state",
                      other.path().filename().string(), holder.host, holder.process));
    }
    fs::remove(other.path(), error);
  }
}

void Claim::end() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  ended_.notify_all();
  if (thread_.joinable()) thread_.join();
  std::error_code error;
  fs::remove(file_, error);
}

void Claim::renew() {
  write_file(file_, fmt::format("{} {} {} {}\n", host_name(), ::getpid(), ++beats_, process_space()));
}

void Claim::keep_renewing() {
  std::unique_lock lock(mutex_);
  while (!ended_.wait_for(lock, options_.beat, [this] { return ending_; })) {
    try {
      renew();
    } catch (const Error&) {
      // A full or stalled disk shows itself where data is written; the claim just grows old.
    }
  }
}

}  // namespace dream::state
