#include "comm/nccl.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <thread>

#include "base/digest.hpp"
#include "base/errors.hpp"
#include "base/host.hpp"
#include "comm/agree.hpp"
#include "comm/ulfm.hpp"

namespace dream::comm {
namespace {

using Clock = std::chrono::steady_clock;

const void* from(DeviceSpan span) { return reinterpret_cast<const void*>(span.data); }
void* to(DeviceSpan span) { return reinterpret_cast<void*>(span.data); }
std::size_t count(std::int64_t bytes) { return static_cast<std::size_t>(bytes); }

std::int64_t sum(std::span<const std::int64_t> counts) {
  return std::accumulate(counts.begin(), counts.end(), std::int64_t{0});
}

/// Waits that are over soon are found at once; long ones leave the core to others.
void pause_after(Clock::duration waited) {
  if (waited < std::chrono::microseconds(200))
    std::this_thread::yield();
  else
    std::this_thread::sleep_for(std::chrono::microseconds(100));
}

}  // namespace

/// Calls that NCCL takes as one: without a group, two ranks that send to each other would wait for each
/// other. Remembers the first that was refused, since a group that was begun must also end.
class Nccl::Group {
 public:
  Group(Nccl& nccl, const char* verb) : nccl_(nccl), verb_(verb) { add(calls().ncclGroupStart()); }

  [[nodiscard]] const GpuCalls& calls() const { return nccl_.gpu_->calls(); }
  void add(int code) {
    if (refused_ == nccl::success && code != nccl::in_progress) refused_ = code;
  }
  void send(DeviceSpan data, int peer) {
    if (data.bytes > 0) {
      add(calls().ncclSend(from(data), count(data.bytes), nccl::bytes, peer, nccl_.comm_,
                           nccl_.gpu_->stream()));
    }
  }
  void receive(DeviceSpan data, int peer) {
    if (data.bytes > 0) {
      add(calls().ncclRecv(to(data), count(data.bytes), nccl::bytes, peer, nccl_.comm_,
                           nccl_.gpu_->stream()));
    }
  }
  void broadcast(DeviceSpan data, DeviceSpan result, int root) {
    if (result.bytes > 0) {
      add(calls().ncclBroadcast(from(data), to(result), count(result.bytes), nccl::bytes, root, nccl_.comm_,
                                nccl_.gpu_->stream()));
    }
  }
  void run() {
    add(calls().ncclGroupEnd());
    if (refused_ != nccl::success) nccl_.fail(verb_, refused_, calls().ncclGetErrorString(refused_));
    nccl_.wait(verb_, Until::done);
  }

 private:
  Nccl& nccl_;
  const char* verb_;
  int refused_ = nccl::success;
};

Nccl::Nccl(Communicator group, std::shared_ptr<const Gpu> gpu, const NcclOptions& options)
    : group_(std::move(group)), gpu_(std::move(gpu)), options_(options) {
  const auto& calls = gpu_->calls();
  nccl::UniqueId id{};
  agree(group_, [&] {
    if (rank() != 0) return;
    if (const int code = calls.ncclGetUniqueId(&id); code != nccl::success)
      throw Error(ExitCode::device,
                  fmt::format("ncclGetUniqueId on {}: {}; {}", host_name(), calls.ncclGetErrorString(code),
                              calls.ncclGetLastError(nullptr)));
  });
  group_.broadcast(std::span<nccl::UniqueId>(&id, 1), 0);
  try {
    agree(group_, [&] {
      try {
        start(id);
      } catch (const RanksLost&) {
        throw;
      } catch (const CommError& error) {  // of NCCL: MPI still stands, so all can leave by the same road
        throw Error(ExitCode::device, error.what());
      }
    });
  } catch (...) {
    abort();  // this rank's may have started
    throw;
  }
}

void Nccl::start(const nccl::UniqueId& id) {
  const auto& calls = gpu_->calls();
  nccl::Config how;
  const int code = calls.ncclCommInitRankConfig(&comm_, size(), id, rank(), &how);
  if (code != nccl::success && code != nccl::in_progress)
    fail("ncclCommInitRankConfig", code, calls.ncclGetErrorString(code));
  wait("ncclCommInitRankConfig", Until::started);
}

Nccl::~Nccl() { abort(); }

void Nccl::broadcast(DeviceSpan data, int root) {
  meet("broadcast", data.bytes);
  Group group(*this, "ncclBroadcast");
  group.broadcast(data, data, root);
  group.run();
}

void Nccl::all_gather_v(DeviceSpan mine, std::span<const std::int64_t> counts, DeviceSpan all) {
  DREAM_CHECK(std::ssize(counts) == size() && mine.bytes == counts[static_cast<std::size_t>(rank())] &&
                  all.bytes == sum(counts),
              "all_gather_v: counts that fit the buffers");
  const std::string_view table(reinterpret_cast<const char*>(counts.data()), counts.size_bytes());
  meet("all_gather_v", static_cast<std::int64_t>(digest_of(table).prefix() >> 2));
  const bool even = std::ranges::adjacent_find(counts, std::not_equal_to<>()) == counts.end();
  Group group(*this, even ? "ncclAllGather" : "ncclBroadcast");
  if (even && mine.bytes > 0) {
    group.add(group.calls().ncclAllGather(from(mine), to(all), count(mine.bytes), nccl::bytes, comm_,
                                          gpu_->stream()));
  }
  // NCCL has no gather of uneven counts: a broadcast from each rank, all at once.
  std::int64_t at = 0;
  for (int root = 0; !even && root < size(); ++root) {
    const auto bytes = counts[static_cast<std::size_t>(root)];
    const auto place = all.part(at, bytes);
    group.broadcast(root == rank() ? mine : place, place, root);
    at += bytes;
  }
  group.run();
}

std::vector<std::int64_t> Nccl::exchange_counts(std::span<const std::int64_t> out_counts) {
  need_life("exchange_counts");
  DREAM_CHECK(std::ssize(out_counts) == size(), "a count for each rank");
  const std::vector<std::int64_t> one(out_counts.size(), 1);
  return group_.all_to_all_v(out_counts, std::span<const std::int64_t>(one)).values;
}

void Nccl::all_to_all_v(DeviceSpan out, std::span<const std::int64_t> out_counts, DeviceSpan in,
                        std::span<const std::int64_t> in_counts) {
  DREAM_CHECK(std::ssize(out_counts) == size() && std::ssize(in_counts) == size() &&
                  out.bytes == sum(out_counts) && in.bytes == sum(in_counts),
              "all_to_all_v: counts that fit the buffers");
  meet("all_to_all_v", 0);
  Group group(*this, "ncclSend and ncclRecv");
  std::int64_t out_at = 0;
  std::int64_t in_at = 0;
  for (int peer = 0; peer < size(); ++peer) {
    const auto sent = out_counts[static_cast<std::size_t>(peer)];
    const auto received = in_counts[static_cast<std::size_t>(peer)];
    group.send(out.part(out_at, sent), peer);
    group.receive(in.part(in_at, received), peer);
    out_at += sent;
    in_at += received;
  }
  group.run();
}

void Nccl::abort() noexcept {
  if (dead()) return;
  gpu_->calls().ncclCommAbort(comm_);
  comm_ = nullptr;
}

void Nccl::close() {
  meet("close", 0);
  const auto& calls = gpu_->calls();
  const int code = calls.ncclCommFinalize(comm_);
  if (code != nccl::success && code != nccl::in_progress)
    fail("ncclCommFinalize", code, calls.ncclGetErrorString(code));
  wait("ncclCommFinalize", Until::launched);
  calls.ncclCommDestroy(std::exchange(comm_, nullptr));
}

void Nccl::need_life(const char* verb) const {
  if (dead()) throw CommError(verb, 0, rank(), "this communicator of NCCL was aborted");
}

/// All ranks have come to this verb, and mean the same by it. The way there is MPI's, so that a rank that
/// computes is waited for and one that is gone is named.
void Nccl::meet(const char* verb, std::int64_t same_on_all) {
  need_life(verb);
  std::int64_t bounds[2] = {same_on_all, -same_on_all};
  try {
    group_.all_reduce(bounds, Reduce::max);
  } catch (...) {
    abort();
    throw;
  }
  DREAM_CHECK(bounds[0] == -bounds[1], fmt::format("{}: the ranks do not pass the same sizes", verb));
}

void Nccl::wait(const char* verb, Until until) {
  need_life(verb);
  const auto& calls = gpu_->calls();
  const auto start = Clock::now();
  for (;;) {
    int state = nccl::success;
    if (const int code = calls.ncclCommGetAsyncError(comm_, &state); code != nccl::success) state = code;
    if (state != nccl::success && state != nccl::in_progress)
      fail(verb, state, calls.ncclGetErrorString(state));
    const auto waited = Clock::now() - start;
    try {
      // The stream knows nothing of work that NCCL has not given it yet.
      if (state == nccl::success && (until != Until::done || gpu_->idle())) return;
      // Shows life, and hears of a loss. Another rank's failure ends no verb: its bytes are on their way.
      if (group_.alarmed() && until == Until::started) throw Interrupted();
    } catch (...) {
      abort();
      throw;
    }
    if (waited > options_.deadline) {
      fail(verb, 0,
           fmt::format("not done after {} s, though all {} ranks have come to it: a GPU, a link or a process "
                       "stands still; see NCCL_DEBUG=WARN",
                       std::chrono::duration_cast<std::chrono::seconds>(waited).count(), size()));
    }
    pause_after(waited);
  }
}

/// A lost rank breaks NCCL's links before MPI tells of it, and it is the loss that the job goes on from.
void Nccl::hear_of_loss() {
  if (size() == 1 || !ulfm::enabled()) return;
  const auto end = Clock::now() + std::chrono::seconds(2);
  while (Clock::now() < end && !group_.alarmed()) std::this_thread::sleep_for(std::chrono::milliseconds(10));
}

void Nccl::fail(const char* verb, int code, const std::string& what) {
  const char* detail = dead() ? nullptr : gpu_->calls().ncclGetLastError(comm_);
  const auto message = fmt::format("on {}: {}{}{}", host_name(), what,
                                   detail != nullptr && *detail != '\0' ? "; NCCL says: " : "",
                                   detail != nullptr ? detail : "");
  abort();
  hear_of_loss();
  throw CommError(verb, code, rank(), message);
}

}  // namespace dream::comm
