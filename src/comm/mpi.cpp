#include "comm/mpi.hpp"

#include <mpi.h>

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <thread>

#include "comm/handle.hpp"
#include "comm/peer.hpp"
#include "comm/signals.hpp"
#include "comm/ulfm.hpp"

namespace dream::comm {
namespace {

constexpr int data_tag = 1;

MPI_Op mpi_op(Reduce op) {
  switch (op) {
    case Reduce::sum:
      return MPI_SUM;
    case Reduce::min:
      return MPI_MIN;
    case Reduce::max:
      return MPI_MAX;
  }
  throw InternalError("unknown reduction");
}

class Mpi final : public Transport {
  using Clock = std::chrono::steady_clock;

 public:
  Mpi(MPI_Comm group, const MpiOptions& options)
      : options_(options),
        survives_(ulfm::enabled()),
        collectives_(group),
        control_(group),
        signals_(control_.get(), options) {
    MPI_Comm_rank(collectives_.get(), &rank_);
    MPI_Comm_size(collectives_.get(), &size_);
    if (survives_) meet_peers();
  }
  ~Mpi() override {
    const auto posts = signals_.open_posts();
    requests_.insert(requests_.end(), posts.begin(), posts.end());
    settle();
  }

  int rank() const override { return rank_; }
  int size() const override { return size_; }
  std::string name() const override { return "mpi"; }

  void broadcast(std::span<char> data, int root) override {
    for_pieces(data.size(), [&](std::size_t begin, int count) {
      check("MPI_Ibcast", MPI_Ibcast(data.data() + begin, count, MPI_BYTE, root, collectives_.get(), open()));
      finish("MPI_Ibcast");
    });
  }

  void all_gather_v(std::span<const char> mine, std::span<const std::int64_t> counts,
                    std::span<char> all) override {
    // Rounds of at most piece/size bytes a rank, so that every displacement of a round fits MPI's int.
    const std::int64_t step = std::max<std::int64_t>(1, options_.piece_bytes / size_);
    const std::int64_t longest = counts.empty() ? 0 : *std::max_element(counts.begin(), counts.end());
    std::vector<char> round;
    for (std::int64_t done = 0; done < longest; done += step) {
      std::vector<int> take(counts.size());
      std::vector<int> at(counts.size());
      int total = 0;
      for (std::size_t r = 0; r < counts.size(); ++r) {
        take[r] = static_cast<int>(std::clamp<std::int64_t>(counts[r] - done, 0, step));
        at[r] = total;
        total += take[r];
      }
      round.resize(static_cast<std::size_t>(total));
      const auto me = static_cast<std::size_t>(rank_);
      check("MPI_Iallgatherv",
            MPI_Iallgatherv(mine.data() + std::min<std::int64_t>(done, std::ssize(mine)), take[me], MPI_BYTE,
                            round.data(), take.data(), at.data(), MPI_BYTE, collectives_.get(), open()));
      finish("MPI_Iallgatherv");
      std::int64_t base = 0;
      for (std::size_t r = 0; r < counts.size(); ++r) {
        std::copy_n(round.data() + at[r], take[r], all.data() + base + std::min(done, counts[r]));
        base += counts[r];
      }
    }
  }

  void all_to_all_v(std::span<const char> out, std::span<const std::int64_t> out_counts, std::span<char> in,
                    std::span<const std::int64_t> in_counts) override {
    std::size_t in_at = 0;
    for (int r = 0; r < size_; ++r) {
      const auto count = static_cast<std::size_t>(in_counts[static_cast<std::size_t>(r)]);
      for_pieces(count, [&](std::size_t begin, int bytes) {
        check("MPI_Irecv",
              MPI_Irecv(in.data() + in_at + begin, bytes, MPI_BYTE, r, data_tag, collectives_.get(), open()));
      });
      in_at += count;
    }
    std::size_t out_at = 0;
    for (int r = 0; r < size_; ++r) {
      const auto count = static_cast<std::size_t>(out_counts[static_cast<std::size_t>(r)]);
      for_pieces(count, [&](std::size_t begin, int bytes) {
        check("MPI_Isend", MPI_Isend(out.data() + out_at + begin, bytes, MPI_BYTE, r, data_tag,
                                     collectives_.get(), open()));
      });
      out_at += count;
    }
    finish("all_to_all_v");
  }

  void all_reduce(std::span<std::int64_t> data, Reduce op) override {
    check("MPI_Iallreduce", MPI_Iallreduce(MPI_IN_PLACE, data.data(), static_cast<int>(data.size()),
                                           MPI_INT64_T, mpi_op(op), collectives_.get(), open()));
    finish("MPI_Iallreduce");
  }

  void send(std::span<const char> data, int to) override {
    for_pieces(data.size(), [&](std::size_t begin, int bytes) {
      check("MPI_Isend",
            MPI_Isend(data.data() + begin, bytes, MPI_BYTE, to, data_tag, control_.get(), open()));
      finish("MPI_Isend");
    });
  }

  void receive(std::span<char> data, int from) override {
    for_pieces(data.size(), [&](std::size_t begin, int bytes) {
      check("MPI_Irecv",
            MPI_Irecv(data.data() + begin, bytes, MPI_BYTE, from, data_tag, control_.get(), open()));
      finish("MPI_Irecv");
    });
  }

  void raise_alarm() override { check("MPI_Isend", signals_.raise_alarm()); }

  bool alarmed() override {
    look_for_losses("alarm");
    check("MPI_Isend", signals_.beat());
    bool heard = false;
    check("MPI_Iprobe", signals_.hear_alarm(heard));
    return heard;
  }

  void clear_alarm() override {
    std::vector<std::int64_t> raised(static_cast<std::size_t>(size_), 0);
    raised[static_cast<std::size_t>(rank_)] = signals_.has_raised() ? 1 : 0;
    all_reduce(raised, Reduce::max);
    for (int r = 0; r < size_; ++r) {
      if (r == rank_ || raised[static_cast<std::size_t>(r)] == 0) continue;
      check("MPI_Irecv", signals_.take_alarm(r, open()));
      finish("MPI_Irecv");
    }
    signals_.forget_alarms();
  }

  void post(std::span<const Count> counts) override { signals_.post(counts); }
  std::vector<Count> collect() override { return signals_.collect(); }

  void set_idle(std::function<void()> idle) override { idle_ = std::move(idle); }

  bool conclude(bool well) override { return survives_ ? ulfm::agree(collectives_.get(), well) : well; }

  Survivors survivors() override {
    revoke();
    settle();
    for (MPI_Comm group = collectives_.get();;) {
      group = ulfm::shrink(group);
      if (group == MPI_COMM_NULL)
        throw CommError("MPIX_Comm_shrink", 0, rank_, "the survivors do not find together");
      std::shared_ptr<Mpi> left;
      try {
        left = std::make_shared<Mpi>(group, options_);
      } catch (const CommError&) {
        ulfm::revoke(group);  // one more has gone meanwhile: nobody shall wait for those who noticed
      }
      if (!ulfm::agree(group, left != nullptr)) {
        if (left) left->revoke();
        continue;
      }
      auto lost = bury_missing(*left);
      return {Communicator(std::move(left)), std::move(lost)};
    }
  }

  [[noreturn]] void abort(int exit_code) override {
    MPI_Abort(MPI_COMM_WORLD, exit_code);
    std::_Exit(exit_code);
  }

 private:
  template <class Visit>
  void for_pieces(std::size_t total, Visit&& visit) {
    const auto piece = static_cast<std::size_t>(options_.piece_bytes);
    for (std::size_t begin = 0; begin < total; begin += piece) {
      visit(begin, static_cast<int>(std::min(piece, total - begin)));
    }
  }

  void check(const char* call, int code) {
    if (code == MPI_SUCCESS) return;
    if (survives_ && (ulfm::means_loss(code) || loss_is_told())) lose(call);
    char text[MPI_MAX_ERROR_STRING] = "";
    int length = 0;
    MPI_Error_string(code, text, &length);
    requests_.clear();
    throw CommError(call, code, rank_, text);
  }

  /// A place for a request that finish() waits for.
  MPI_Request* open() { return &requests_.emplace_back(MPI_REQUEST_NULL); }

  /// Waits for all open requests.
  void finish(const char* call) {
    for (auto& request : requests_) wait(call, request);
    requests_.clear();
  }

  /// Tests in a loop: spins briefly for the fast case, then sleeps longer and longer, so that ranks that
  /// share a core leave it to the one that works.
  void wait(const char* call, MPI_Request& request) {
    auto nap = std::chrono::microseconds(0);
    for (int spins = 0;; ++spins) {
      int done = 0;
      check(call, MPI_Test(&request, &done, MPI_STATUS_IGNORE));
      if (done) return;
      if (spins < 200) {
        std::this_thread::yield();
        continue;
      }
      nap = std::min(nap + std::chrono::microseconds(20), std::chrono::microseconds(1000));
      std::this_thread::sleep_for(nap);
      if (idle_ && spins % 64 == 0) idle_();
      look_for_losses(call);
      check("MPI_Isend", signals_.beat());
      check_silence(call);
    }
  }

  void meet_peers() {
    const Peer me = this_process();
    peers_.resize(static_cast<std::size_t>(size_));
    const std::vector<std::int64_t> counts(peers_.size(), sizeof(Peer));
    all_gather_v({reinterpret_cast<const char*>(&me), sizeof me}, counts,
                 {reinterpret_cast<char*>(peers_.data()), peers_.size() * sizeof(Peer)});
    watch_.emplace(peers_, rank_, options_.stopped);
  }

  [[nodiscard]] bool is_neighbour(int rank) const {
    return same_host(peers_[static_cast<std::size_t>(rank)], peers_[static_cast<std::size_t>(rank_)]);
  }

  [[nodiscard]] bool knows_loss() const {
    return ulfm::revoked(collectives_.get()) || ulfm::revoked(control_.get()) ||
           !ulfm::failed(collectives_.get()).empty();
  }

  /// Open MPI gives up a collective with an error of its own ("other") when it finds the group revoked
  /// between two steps, and a connection may break a moment before the word comes that its other end is gone.
  [[nodiscard]] bool loss_is_told() const {
    for (int tenths = 0; tenths < 20; ++tenths) {
      int waiting = 0;  // asking lets MPI hear what it was told
      const int code = MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, control_.get(), &waiting, MPI_STATUS_IGNORE);
      if (ulfm::means_loss(code) || knows_loss()) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    return false;
  }

  /// MPI hears of a death from the launcher, also while this rank waits for somebody who is well.
  void look_for_losses(const char* call) {
    if (!survives_) return;
    const auto now = Clock::now();
    if (now - last_look_ < std::chrono::milliseconds(100)) return;
    last_look_ = now;
    if (knows_loss()) lose(call);
  }

  void revoke() {
    lost_ = true;
    ulfm::revoke(collectives_.get());
    ulfm::revoke(control_.get());
  }

  [[noreturn]] void lose(const char* call) {
    revoke();
    settle();
    throw RanksLost(call, rank_);
  }

  /// After a loss: the buffers of open requests are about to go, so MPI must let go of them first. On a
  /// revoked communicator every request ends.
  void settle() {
    if (!lost_) return;
    const auto until = Clock::now() + std::chrono::seconds(10);
    for (auto& request : requests_) {
      for (int done = 0; request != MPI_REQUEST_NULL && done == 0;) {
        const int code = MPI_Test(&request, &done, MPI_STATUS_IGNORE);
        if (code != MPI_SUCCESS && ulfm::means_end(code)) break;
        if (Clock::now() > until) abort(static_cast<int>(ExitCode::device));
      }
    }
    requests_.clear();
  }

  /// Who is in this group and not in `left`. Each one's host looks that no process stays behind.
  std::vector<LostRank> bury_missing(const Mpi& left) const {
    std::vector<LostRank> lost;
    for (std::size_t r = 0; r < peers_.size(); ++r) {
      const Peer& peer = peers_[r];
      const auto is = [&](const Peer& other) {
        return same_host(peer, other) && peer.process == other.process;
      };
      if (std::ranges::any_of(left.peers_, is)) continue;
      lost.push_back({peer.rank, peer.host, peer.process});
      end_process(peer);
    }
    return lost;
  }

  /// Throws when a rank that this one listens to has been silent for too long.
  void check_silence(const char* call) {
    std::vector<Silent> silent;
    check("MPI_Iprobe", signals_.listen(silent));
    for (const auto& [rank, seconds] : silent) {
      if (survives_ && is_neighbour(rank)) {
        end_process(peers_[static_cast<std::size_t>(rank)]);  // its death is then told like any other
        signals_.excuse(rank);
        continue;
      }
      throw CommError(call, 0, rank_,
                      "rank " + std::to_string(rank) + " has shown no life for " +
                          std::to_string(seconds.count()) +
                          " s: its host may be gone, or its process stopped");
    }
  }

  MpiOptions options_;
  bool survives_;            ///< MPI goes on without ranks that it lost
  bool lost_ = false;        ///< this group did
  std::vector<Peer> peers_;  ///< by rank; empty when nobody survives anyway
  std::optional<Watch> watch_;
  std::vector<MPI_Request> requests_;  ///< of the verb at work
  Clock::time_point last_look_{};
  std::function<void()> idle_;
  Handle collectives_;
  Handle control_;
  Signals signals_;  ///< on control_
  int rank_ = 0;
  int size_ = 1;
};

}  // namespace

Communicator mpi_world(const MpiOptions& options) {
  MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
  return Communicator(std::make_shared<Mpi>(MPI_COMM_WORLD, options));
}

}  // namespace dream::comm
