// NCCL's entry points over host memory and sockets: those that src/comm calls, for ranks of one host. It is
// as late as the real one: a communicator starts, and a group is given to its stream, on a thread of its own,
// and until then ncclCommGetAsyncError says "in progress" while the stream still looks idle.
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <deque>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/support/stand_in/control.hpp"
#include "tests/support/stand_in/mesh.hpp"
#include "tests/support/stand_in/stream.hpp"

namespace {

constexpr int success = 0, system_error = 2, internal_error = 3, invalid_argument = 4, invalid_usage = 5,
              remote_error = 6, in_progress = 7;

struct UniqueId {
  char bytes[128];
};
struct Config {
  std::size_t size;
  unsigned magic;
  unsigned version;
  int blocking;
};

enum Verb : std::uint32_t { send_verb = 1, broadcast_verb = 2, gather_verb = 3 };

/// One call of a group.
struct Op {
  Verb verb = send_verb;
  bool receives = false;  ///< of send_verb: the other end
  char* from = nullptr;
  char* to = nullptr;
  std::size_t bytes = 0;
  int peer = 0;  ///< or root
};

}  // namespace

struct ncclComm {
  int rank = 0;
  int size = 1;
  std::atomic<int> state{in_progress};
  std::atomic<bool> aborted{false};
  std::atomic<int> running{0};  ///< groups given to streams and not done
  std::string words;
  int groups = 0;
  std::unique_ptr<Mesh> mesh;
  Worker launcher;  ///< last, so that it ends first
};

namespace {

dream::stand_in::Control& control() { return *dream::stand_in::dream_stand_in_control(); }

/// What this thread has begun and not ended.
struct Open {
  int depth = 0;
  std::vector<Op> ops;
  ncclComm* comm = nullptr;
  CUstream_st* stream = nullptr;
  int refused = success;
};
thread_local Open open_group;

void stand_still(const ncclComm& comm) {
  while (!comm.aborted) std::this_thread::sleep_for(std::chrono::milliseconds(2));
}

/// What the ops mean between two ranks, in their order on both sides.
std::vector<Mesh::Traffic> traffic_of(const ncclComm& comm, const std::vector<Op>& ops) {
  std::vector<Mesh::Traffic> traffic(static_cast<std::size_t>(comm.size));
  const auto send = [&](int peer, char* data, const Op& op) {
    traffic[static_cast<std::size_t>(peer)].out.push_back({data, op.bytes, op.verb});
  };
  const auto receive = [&](int peer, char* data, const Op& op) {
    traffic[static_cast<std::size_t>(peer)].in.push_back({data, op.bytes, op.verb});
  };
  for (const auto& op : ops) {
    if (op.verb == send_verb) {
      if (op.receives)
        receive(op.peer, op.to, op);
      else
        send(op.peer, op.from, op);
      continue;
    }
    for (int peer = 0; peer < comm.size; ++peer) {
      const bool all = op.verb == gather_verb;
      if (all || op.peer == comm.rank) send(peer, op.from, op);
      if (all) receive(peer, op.to + static_cast<std::size_t>(peer) * op.bytes, op);
      if (!all && op.peer == peer) receive(peer, op.to, op);
    }
  }
  return traffic;
}

/// What a rank sends to itself.
bool move_own(const Mesh::Traffic& own) {
  if (own.out.size() != own.in.size()) return false;
  for (std::size_t i = 0; i < own.out.size(); ++i) {
    if (own.out[i].bytes != own.in[i].bytes || own.out[i].verb != own.in[i].verb) return false;
    const auto edge = static_cast<std::size_t>(dream::stand_in::edge_bytes);
    const auto bytes = own.in[i].bytes;
    if (own.in[i].data == own.out[i].data) continue;
    if (!control().edges || bytes <= 2 * edge) {
      std::memcpy(own.in[i].data, own.out[i].data, bytes);
    } else {
      std::memcpy(own.in[i].data, own.out[i].data, edge);
      std::memcpy(own.in[i].data + bytes - edge, own.out[i].data + bytes - edge, edge);
    }
  }
  return true;
}

void end_with(ncclComm& comm, int code, std::string words) {
  comm.words = std::move(words);
  comm.state = code;
  stand_still(comm);  // as a kernel would, whose other end never answers
}

void run_group(ncclComm& comm, const std::vector<Op>& ops, int number) {
  if (comm.aborted) return;
  if (control().silent_from >= 0 && number >= control().silent_from) return stand_still(comm);
  if (control().fail_group >= 0 && number >= control().fail_group)
    return end_with(comm, control().fail_code, "the test wanted it so");
  auto traffic = traffic_of(comm, ops);
  auto& own = traffic[static_cast<std::size_t>(comm.rank)];
  if (!move_own(own)) return end_with(comm, invalid_usage, "a rank's messages to itself do not match");
  own = {};
  switch (comm.mesh->exchange(traffic, control().edges)) {
    case Mesh::End::done:
    case Mesh::End::aborted:
      return;
    case Mesh::End::peer_lost:
      return end_with(comm, remote_error, "a peer closed its connection");
    case Mesh::End::disagree:
      return end_with(comm, invalid_usage, "two ranks do not mean the same message");
  }
}

int close_group() {
  Open group = std::exchange(open_group, {});
  if (group.refused != success) return group.refused;
  if (group.ops.empty()) return success;
  ncclComm* comm = group.comm;
  if (comm->state != success) return comm->state == in_progress ? invalid_usage : comm->state.load();
  comm->state = in_progress;
  ++comm->running;
  const int number = comm->groups++;
  comm->launcher.push([comm, number, ops = std::move(group.ops), stream = group.stream] {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    stream->worker.push([comm, number, ops] {
      run_group(*comm, ops, number);
      --comm->running;
    });
    int launched = in_progress;
    comm->state.compare_exchange_strong(launched, success);
  });
  return in_progress;
}

int add(ncclComm* comm, CUstream_st* stream, const Op& op, int type) {
  const bool alone = open_group.depth == 0;
  int code = success;
  if (comm == nullptr || stream == nullptr || type < 0 || type > 1) code = invalid_argument;
  if (code == success && (op.peer < 0 || op.peer >= comm->size)) code = invalid_argument;
  const std::size_t received =
      code == success && op.verb == gather_verb ? op.bytes * static_cast<std::size_t>(comm->size) : op.bytes;
  const bool reads = op.verb != broadcast_verb || (code == success && op.peer == comm->rank);
  if (op.from != nullptr && reads && !on_device(op.from, op.bytes)) code = invalid_argument;
  if (op.to != nullptr && !on_device(op.to, received)) code = invalid_argument;
  if (open_group.comm != nullptr && (open_group.comm != comm || open_group.stream != stream))
    code = invalid_usage;
  if (code != success) {
    open_group.refused = code;
  } else {
    open_group.comm = comm;
    open_group.stream = stream;
    open_group.ops.push_back(op);
  }
  return alone ? close_group() : code;
}

void release(ncclComm* comm) {
  comm->aborted = true;
  comm->launcher.wait();
  while (comm->running > 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  delete comm;
  --control().live_comms;
}

char* bytes_of(const void* data) { return static_cast<char*>(const_cast<void*>(data)); }

}  // namespace

extern "C" {

int ncclGetVersion(int* version) {
  *version = control().version;
  return success;
}

int ncclGetUniqueId(UniqueId* id) {
  *id = {};
  std::random_device random;
  std::snprintf(id->bytes, sizeof id->bytes, "dream-stand-in-%d-%08x%08x", static_cast<int>(::getpid()),
                random(), random());
  return success;
}

int ncclCommInitRankConfig(ncclComm** result, int ranks, UniqueId id, int rank, Config* how) {
  *result = nullptr;
  if (control().refuse_start != success) return control().refuse_start;
  if (how->magic != 0xcafebeef || how->size < sizeof(Config) || how->blocking != 0) return invalid_argument;
  if (rank < 0 || rank >= ranks) return invalid_argument;
  auto* const comm = new ncclComm;
  comm->rank = rank;
  comm->size = ranks;
  ++control().live_comms;
  *result = comm;
  comm->launcher.push([comm, name = std::string(id.bytes)] {
    comm->mesh = std::make_unique<Mesh>(name, comm->rank, comm->size, comm->aborted);
    if (!comm->mesh->complete()) comm->words = "the ranks do not find each other";
    comm->state = comm->mesh->complete() ? success : system_error;
  });
  return in_progress;
}

int ncclCommFinalize(ncclComm* comm) { return comm->state; }
int ncclCommDestroy(ncclComm* comm) {
  release(comm);
  return success;
}
int ncclCommAbort(ncclComm* comm) {
  release(comm);
  return success;
}
int ncclCommGetAsyncError(ncclComm* comm, int* code) {
  *code = comm->state;
  return success;
}
const char* ncclGetErrorString(int code) {
  static const char* const words[] = {"no error",
                                      "unhandled cuda error",
                                      "system error",
                                      "internal error",
                                      "invalid argument",
                                      "invalid usage",
                                      "remote process exited or there was a network error",
                                      "NCCL operation in progress"};
  return code >= 0 && code <= in_progress ? words[code] : words[internal_error];
}
const char* ncclGetLastError(ncclComm* comm) { return comm == nullptr ? "" : comm->words.c_str(); }

int ncclGroupStart() {
  ++open_group.depth;
  return success;
}
int ncclGroupEnd() {
  if (open_group.depth == 0) return invalid_usage;
  if (--open_group.depth > 0) return success;
  return close_group();
}

int ncclBroadcast(const void* from, void* to, std::size_t count, int type, int root, ncclComm* comm,
                  CUstream_st* stream) {
  return add(comm, stream, {broadcast_verb, false, bytes_of(from), bytes_of(to), count, root}, type);
}
int ncclAllGather(const void* from, void* to, std::size_t count, int type, ncclComm* comm,
                  CUstream_st* stream) {
  return add(comm, stream, {gather_verb, false, bytes_of(from), bytes_of(to), count, 0}, type);
}
int ncclSend(const void* from, std::size_t count, int type, int peer, ncclComm* comm, CUstream_st* stream) {
  return add(comm, stream, {send_verb, false, bytes_of(from), nullptr, count, peer}, type);
}
int ncclRecv(void* to, std::size_t count, int type, int peer, ncclComm* comm, CUstream_st* stream) {
  return add(comm, stream, {send_verb, true, nullptr, bytes_of(to), count, peer}, type);
}

}  // extern "C"
