#pragma once
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace dream::state {

/// A name for this start of the program: time, host and process, unique on a shared file system.
[[nodiscard]] std::string new_incarnation();

struct ClaimOptions {
  std::chrono::milliseconds beat{2000};    ///< how often the claim is renewed
  std::chrono::milliseconds stale{12000};  ///< a claim not renewed for so long is dead
  std::vector<std::string> replaces{};     ///< incarnations that are known to have ended
};

/// What one file of active/ says.
struct ClaimSeen {
  std::string incarnation;
  std::string host;
  long process = 0;
  long beat = 0;      ///< grows while its sweep lives
  bool gone = false;  ///< its process lived on this host and lives no more
};

/// The claims on a state folder, by incarnation. Whether one of another host lives shows only to who watches
/// its beat.
[[nodiscard]] std::vector<ClaimSeen> claims_on(const std::filesystem::path& folder);

/// Says "a sweep works in this state folder", in active/<incarnation>, renewed by a thread that never calls
/// MPI. A second sweep on the folder is refused by name. A claim whose process is gone (same host) is dead at
/// once, one of another host when it has not been renewed for `stale`; the constructor waits that long before
/// it refuses, and one that it replaces is dead at once. A sweep whose file system stalled for longer than
/// that has lost its claim without knowing it: who takes it over leaves <incarnation>.taken, and check()
/// throws. Held by rank 0.
class Claim {
 public:
  /// Throws StateError naming host, process and incarnation of a live sweep.
  Claim(const std::filesystem::path& folder, const std::string& incarnation, ClaimOptions options = {});
  ~Claim();

  /// Throws StateError once another sweep has taken this claim for dead. Cheap, local: a thread looks.
  void check() const;

  Claim(const Claim&) = delete;
  Claim& operator=(const Claim&) = delete;

 private:
  /// Throws when another claim lives; removes those that do not. Two that start together may both be refused.
  void refuse_others(const std::filesystem::path& folder);
  void renew();
  /// Whether somebody took the claim over; then it is given up.
  [[nodiscard]] bool find_it_taken();
  /// Ends the thread and gives the claim back.
  void end();
  void keep_renewing();

  std::filesystem::path file_;
  ClaimOptions options_;
  long beats_ = 0;
  std::atomic<bool> lost_ = false;
  std::mutex mutex_;
  std::condition_variable ended_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace dream::state
