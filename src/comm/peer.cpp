#include "comm/peer.hpp"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <string_view>

#include "base/host.hpp"
#include "comm/mpi.hpp"

namespace dream::comm {
namespace {

template <std::size_t N>
void copy(const std::string& text, char (&to)[N]) {
  text.copy(to, std::min(text.size(), N - 1));
}

struct Seen {
  char state = 0;            ///< 'T', 't': stopped
  std::int64_t started = 0;  ///< 0: there is no such process
};

/// From /proc/<process>/stat; fields are counted from the end of the name, which may hold anything.
Seen see(std::int64_t process) {
  std::ifstream file("/proc/" + std::to_string(process) + "/stat");
  std::string line;
  std::getline(file, line);
  const auto name_end = line.rfind(')');
  if (name_end == std::string::npos) return {};
  std::istringstream fields(line.substr(name_end + 1));
  Seen seen;
  fields >> seen.state;
  std::string skipped;
  for (int field = 4; field < 22; ++field) fields >> skipped;
  fields >> seen.started;
  return seen;
}

constexpr int looks_per_limit = 10;

}  // namespace

Peer this_process() {
  Peer peer;
  copy(host_name(), peer.host);
  copy(process_space(), peer.space);
  peer.rank = launched_rank();
  peer.process = ::getpid();
  peer.started = see(peer.process).started;
  return peer;
}

bool same_host(const Peer& one, const Peer& other) {
  return std::string_view(one.host) == other.host && std::string_view(one.space) == other.space;
}

void end_process(const Peer& peer) {
  if (!same_host(peer, this_process()) || peer.started == 0) return;
  if (see(peer.process).started == peer.started) ::kill(static_cast<pid_t>(peer.process), SIGKILL);
}

Watch::Watch(const std::vector<Peer>& peers, int rank, std::chrono::milliseconds limit) : limit_(limit) {
  const auto size = static_cast<int>(peers.size());
  const auto& me = peers[static_cast<std::size_t>(rank)];
  for (int next = 1; next < size; ++next) {
    const auto& peer = peers[static_cast<std::size_t>((rank + next) % size)];
    if (same_host(peer, me)) neighbours_.push_back({peer});
  }
  if (!neighbours_.empty()) thread_ = std::thread([this] { keep_looking(); });
}

Watch::~Watch() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  ended_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Watch::keep_looking() {
  std::unique_lock lock(mutex_);
  while (!ended_.wait_for(lock, limit_ / looks_per_limit, [this] { return ending_; })) look();
}

void Watch::look() {
  for (auto& neighbour : neighbours_) {
    const auto seen = see(neighbour.peer.process);
    if (seen.started != neighbour.peer.started) continue;  // gone: MPI knows
    if (seen.state != 'T' && seen.state != 't') {
      neighbour.looks = 0;
      return;  // lives, and looks at those behind it
    }
    if (++neighbour.looks > looks_per_limit) end_process(neighbour.peer);
  }
}

}  // namespace dream::comm
