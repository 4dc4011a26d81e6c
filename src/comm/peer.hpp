#pragma once
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

/// Where a rank runs: enough to say so in a message, and to end its process from its own host.
namespace dream::comm {

struct Peer {
  char host[64] = "";
  char space[48] = "";  ///< process_space(): only within it does `process` mean something
  int rank = 0;         ///< as the launcher numbered it: it keeps this number in all groups
  std::int64_t process = 0;
  std::int64_t started = 0;  ///< clock ticks since the host's start; a number may be used again
};

[[nodiscard]] Peer this_process();

/// Whether processes of `one` can be seen, and ended, from where `other` runs.
[[nodiscard]] bool same_host(const Peer& one, const Peer& other);

/// SIGKILL to a process of this host that the group has given up: a stopped one would keep its launcher
/// waiting, and could wake up. Nothing when it is gone already, or runs on another host.
void end_process(const Peer& peer);

/// Ends the processes of this host that stay stopped for `limit`, from a thread of its own that never calls
/// MPI: MPI tells of a death at once, and of a stopped process never. Each rank looks at the next of its
/// host, and past the stopped ones.
class Watch {
 public:
  Watch(const std::vector<Peer>& peers, int rank, std::chrono::milliseconds limit);
  ~Watch();
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

 private:
  void keep_looking();
  void look();

  struct Neighbour {
    Peer peer;
    int looks = 0;  ///< in a row that found it stopped
  };
  std::vector<Neighbour> neighbours_;  ///< the others of this host, from the next one round
  std::chrono::milliseconds limit_;
  std::mutex mutex_;
  std::condition_variable ended_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace dream::comm
