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

#include "base/access.hpp"
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

/// What a sweep that takes a claim for dead leaves in its place.
fs::path taken(fs::path claim) { return claim += ".taken"; }

/// Beside claims lie what renew() is writing and what was taken over.
bool is_claim(const fs::path& file) { return file.extension() != ".tmp" && file.extension() != ".taken"; }

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

std::vector<ClaimSeen> claims_on(const fs::path& folder) {
  std::vector<ClaimSeen> claims;
  std::error_code error;
  for (fs::directory_iterator file(folder / "active", error), end; !error && file != end;
       file.increment(error)) {
    if (!is_claim(file->path())) continue;
    const Holder holder = read_holder(file->path());
    claims.push_back({file->path().filename().string(), holder.host, holder.process, holder.beat,
                      process_is_gone(holder)});
  }
  std::ranges::sort(claims, {}, &ClaimSeen::incarnation);
  return claims;
}

Claim::Claim(const fs::path& folder, const std::string& incarnation, ClaimOptions options)
    : file_(folder / "active" / incarnation), options_(options) {
  std::error_code error;
  fs::create_directories(folder / "active", error);
  if (error) throw StateError(folder.string(), "", "cannot make active/: " + why(folder, error.value()));
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
    if (other.path() == file_) continue;
    const bool gone = process_is_gone(read_holder(other.path()));
    if (gone) fs::remove(other.path(), error);
    if (gone || !is_claim(other.path())) continue;
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
    // It may live all the same, behind a file server that does not answer; then it must learn of this.
    if (!process_is_gone(read_holder(other.path()))) fs::rename(other.path(), taken(other.path()), error);
    fs::remove(other.path(), error);
  }
}

void Claim::check() const {
  if (!lost_) return;
  throw StateError(
      file_.string(), "",
      fmt::format("the folder did not answer for more than {} s, and another sweep has taken it over; "
                  "when that one has ended, the same command continues",
                  options_.stale / std::chrono::seconds(1)));
}

bool Claim::find_it_taken() {
  std::error_code error;
  if (!fs::exists(taken(file_), error)) return false;
  fs::remove(file_, error);
  fs::remove(taken(file_), error);
  lost_ = true;
  return true;
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
  // Its holder is of this job, whose launcher leaves no process behind: nobody is left to be told.
  for (const auto& former : options_.replaces) fs::remove(taken(file_.parent_path() / former), error);
}

void Claim::renew() {
  write_file(file_, fmt::format("{} {} {} {}\n", host_name(), ::getpid(), ++beats_, process_space()));
}

void Claim::keep_renewing() {
  std::unique_lock lock(mutex_);
  while (!ended_.wait_for(lock, options_.beat, [this] { return ending_; })) {
    try {
      if (find_it_taken()) return;
      renew();
      if (find_it_taken()) return;  // while renew() stood still
    } catch (const Error&) {
      // A full or stalled disk shows itself where data is written; the claim just grows old.
    }
  }
}

}  // namespace dream::state
