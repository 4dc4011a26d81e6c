#include "comm/signals.hpp"

#include <algorithm>
#include <utility>

namespace dream::comm {
namespace {

constexpr int alarm_tag = 2;
constexpr int post_tag = 3;
constexpr int beat_tag = 4;
/// So small that every MPI buffers it: neither side ever waits for the other.
constexpr std::size_t counts_per_post = 64;

}  // namespace

Signals::Signals(MPI_Comm comm, const MpiOptions& options) : comm_(comm), options_(options) {
  MPI_Comm_rank(comm_, &rank_);
  MPI_Comm_size(comm_, &size_);
  heard_from_.assign(static_cast<std::size_t>(rank_ == 0 ? size_ : 1), Clock::now());
}

int Signals::raise_alarm() {
  if (std::exchange(raised_, true)) return MPI_SUCCESS;
  int code = MPI_SUCCESS;
  for (int r = 0; r < size_ && code == MPI_SUCCESS; ++r) {
    if (r != rank_) code = send_empty(r, alarm_tag);
  }
  return code;
}

int Signals::hear_alarm(bool& heard) {
  int waiting = 0;
  const int code =
      heard_ ? MPI_SUCCESS : MPI_Iprobe(MPI_ANY_SOURCE, alarm_tag, comm_, &waiting, MPI_STATUS_IGNORE);
  heard = heard_ = heard_ || (code == MPI_SUCCESS && waiting != 0);
  return code;
}

int Signals::take_alarm(int from, MPI_Request* request) {
  return MPI_Irecv(nullptr, 0, MPI_BYTE, from, alarm_tag, comm_, request);
}

void Signals::post(std::span<const Count> counts) {
  std::erase_if(posts_, [](auto& post) {
    int sent = 0;
    return MPI_Test(&post->request, &sent, MPI_STATUS_IGNORE) != MPI_SUCCESS || sent != 0;
  });
  for (; !counts.empty(); counts = counts.subspan(std::min(counts.size(), counts_per_post))) {
    const auto piece = counts.first(std::min(counts.size(), counts_per_post));
    auto& post = posts_.emplace_back(std::make_unique<Post>());
    post->counts.assign(piece.begin(), piece.end());
    if (MPI_Isend(post->counts.data(), static_cast<int>(piece.size_bytes()), MPI_BYTE, 0, post_tag, comm_,
                  &post->request) != MPI_SUCCESS) {
      posts_.pop_back();
      return;
    }
  }
}

std::vector<Count> Signals::collect() {
  std::vector<Count> all;
  for (;;) {
    int waiting = 0;
    MPI_Status status;
    if (MPI_Iprobe(MPI_ANY_SOURCE, post_tag, comm_, &waiting, &status) != MPI_SUCCESS) return all;
    if (!waiting) return all;
    int bytes = 0;
    MPI_Get_count(&status, MPI_BYTE, &bytes);
    std::vector<Count> counts(static_cast<std::size_t>(bytes) / sizeof(Count));
    if (MPI_Recv(counts.data(), bytes, MPI_BYTE, status.MPI_SOURCE, post_tag, comm_, MPI_STATUS_IGNORE) !=
        MPI_SUCCESS)
      return all;
    all.insert(all.end(), counts.begin(), counts.end());
  }
}

std::vector<MPI_Request> Signals::open_posts() const {
  std::vector<MPI_Request> requests;
  for (const auto& post : posts_) requests.push_back(post->request);
  return requests;
}

int Signals::beat() {
  const auto now = Clock::now();
  if (now - last_beat_ < options_.beat) return MPI_SUCCESS;
  last_beat_ = now;
  if (rank_ != 0) return send_empty(0, beat_tag);
  int code = MPI_SUCCESS;
  for (int r = 1; r < size_ && code == MPI_SUCCESS; ++r) code = send_empty(r, beat_tag);
  return code;
}

int Signals::listen(std::vector<Silent>& silent) {
  const auto now = Clock::now();
  if (now - last_listened_ < options_.beat) return MPI_SUCCESS;
  last_listened_ = now;
  for (;;) {  // what arrived while this rank computed is heard first
    int waiting = 0;
    MPI_Status status;
    int code = MPI_Iprobe(MPI_ANY_SOURCE, beat_tag, comm_, &waiting, &status);
    if (code == MPI_SUCCESS && waiting == 0) break;
    if (code == MPI_SUCCESS)
      code = MPI_Recv(nullptr, 0, MPI_BYTE, status.MPI_SOURCE, beat_tag, comm_, MPI_STATUS_IGNORE);
    if (code != MPI_SUCCESS) return code;
    heard_from_[static_cast<std::size_t>(status.MPI_SOURCE)] = now;
  }
  for (std::size_t r = rank_ == 0 ? 1 : 0; r < heard_from_.size(); ++r) {
    const auto silence = now - heard_from_[r];
    if (silence > options_.silence)
      silent.push_back({static_cast<int>(r), std::chrono::duration_cast<std::chrono::seconds>(silence)});
  }
  return MPI_SUCCESS;
}

/// MPI buffers an empty message, so nobody waits for it here; its receiver may never look again.
int Signals::send_empty(int to, int tag) const {
  MPI_Request request;
  const int code = MPI_Isend(nullptr, 0, MPI_BYTE, to, tag, comm_, &request);
  if (code == MPI_SUCCESS) MPI_Request_free(&request);
  return code;
}

}  // namespace dream::comm
