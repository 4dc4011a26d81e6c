#include "comm/mpi.hpp"

#include <mpi.h>

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <limits>
#include <thread>
#if __has_include(<mpi-ext.h>)
#include <mpi-ext.h>
#endif

namespace dream::comm {
namespace {

constexpr int data_tag = 1;
constexpr int alarm_tag = 2;
constexpr int post_tag = 3;
constexpr int beat_tag = 4;

/// A communicator of MPI that frees itself, unless MPI is already gone.
class Handle {
 public:
  explicit Handle(MPI_Comm parent) {
    if (MPI_Comm_dup(parent, &comm_) != MPI_SUCCESS) throw CommError("MPI_Comm_dup", 0, -1, "refused");
    MPI_Comm_set_errhandler(comm_, MPI_ERRORS_RETURN);
  }
  ~Handle() {
    int finalized = 0;
    MPI_Finalized(&finalized);
    if (!finalized && std::uncaught_exceptions() == 0) MPI_Comm_free(&comm_);
  }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  MPI_Comm get() const { return comm_; }

 private:
  MPI_Comm comm_ = MPI_COMM_NULL;
};

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
 public:
  explicit Mpi(const MpiOptions& options)
      : options_(options), collectives_(MPI_COMM_WORLD), control_(MPI_COMM_WORLD) {
    MPI_Comm_rank(collectives_.get(), &rank_);
    MPI_Comm_size(collectives_.get(), &size_);
    heard_from_.assign(static_cast<std::size_t>(rank_ == 0 ? size_ : 1), Clock::now());
  }

  int rank() const override { return rank_; }
  int size() const override { return size_; }
  std::string name() const override { return "mpi"; }

  void broadcast(std::span<char> data, int root) override {
    for_pieces(data.size(), [&](std::size_t begin, int count) {
      MPI_Request request;
      check("MPI_Ibcast",
            MPI_Ibcast(data.data() + begin, count, MPI_BYTE, root, collectives_.get(), &request));
      wait("MPI_Ibcast", request);
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
      MPI_Request request;
      check("MPI_Iallgatherv",
            MPI_Iallgatherv(mine.data() + std::min<std::int64_t>(done, std::ssize(mine)), take[me], MPI_BYTE,
                            round.data(), take.data(), at.data(), MPI_BYTE, collectives_.get(), &request));
      wait("MPI_Iallgatherv", request);
      std::int64_t base = 0;
      for (std::size_t r = 0; r < counts.size(); ++r) {
        std::copy_n(round.data() + at[r], take[r], all.data() + base + std::min(done, counts[r]));
        base += counts[r];
      }
    }
  }

  void all_to_all_v(std::span<const char> out, std::span<const std::int64_t> out_counts, std::span<char> in,
                    std::span<const std::int64_t> in_counts) override {
    std::vector<MPI_Request> requests;
    std::size_t in_at = 0;
    for (int r = 0; r < size_; ++r) {
      const auto count = static_cast<std::size_t>(in_counts[static_cast<std::size_t>(r)]);
      for_pieces(count, [&](std::size_t begin, int bytes) {
        check("MPI_Irecv", MPI_Irecv(in.data() + in_at + begin, bytes, MPI_BYTE, r, data_tag,
                                     collectives_.get(), &requests.emplace_back()));
      });
      in_at += count;
    }
    std::size_t out_at = 0;
    for (int r = 0; r < size_; ++r) {
      const auto count = static_cast<std::size_t>(out_counts[static_cast<std::size_t>(r)]);
      for_pieces(count, [&](std::size_t begin, int bytes) {
        check("MPI_Isend", MPI_Isend(out.data() + out_at + begin, bytes, MPI_BYTE, r, data_tag,
                                     collectives_.get(), &requests.emplace_back()));
      });
      out_at += count;
    }
    for (auto& request : requests) wait("all_to_all_v", request);
  }

  void all_reduce(std::span<std::int64_t> data, Reduce op) override {
    MPI_Request request;
    check("MPI_Iallreduce", MPI_Iallreduce(MPI_IN_PLACE, data.data(), static_cast<int>(data.size()),
                                           MPI_INT64_T, mpi_op(op), collectives_.get(), &request));
    wait("MPI_Iallreduce", request);
  }

  void send(std::span<const char> data, int to) override {
    for_pieces(data.size(), [&](std::size_t begin, int bytes) {
      MPI_Request request;
      check("MPI_Isend",
            MPI_Isend(data.data() + begin, bytes, MPI_BYTE, to, data_tag, control_.get(), &request));
      wait("MPI_Isend", request);
    });
  }

  void receive(std::span<char> data, int from) override {
    for_pieces(data.size(), [&](std::size_t begin, int bytes) {
      MPI_Request request;
      check("MPI_Irecv",
            MPI_Irecv(data.data() + begin, bytes, MPI_BYTE, from, data_tag, control_.get(), &request));
      wait("MPI_Irecv", request);
    });
  }

  void raise_alarm() override {
    if (raised_) return;
    raised_ = true;
    for (int r = 0; r < size_; ++r) {
      if (r != rank_) send_empty(r, alarm_tag);
    }
  }

  bool alarmed() override {
    beat();
    if (heard_) return true;
    int waiting = 0;
    check("MPI_Iprobe", MPI_Iprobe(MPI_ANY_SOURCE, alarm_tag, control_.get(), &waiting, MPI_STATUS_IGNORE));
    heard_ = waiting != 0;
    return heard_;
  }

  void clear_alarm() override {
    std::vector<std::int64_t> raised(static_cast<std::size_t>(size_), 0);
    raised[static_cast<std::size_t>(rank_)] = raised_ ? 1 : 0;
    all_reduce(raised, Reduce::max);
    for (int r = 0; r < size_; ++r) {
      if (r == rank_ || raised[static_cast<std::size_t>(r)] == 0) continue;
      MPI_Request request;
      check("MPI_Irecv", MPI_Irecv(nullptr, 0, MPI_BYTE, r, alarm_tag, control_.get(), &request));
      wait("MPI_Irecv", request);
    }
    raised_ = heard_ = false;
  }

  void post(std::int64_t value) override {
    std::erase_if(posts_, [this](auto& post) {
      int sent = 0;
      check("MPI_Test", MPI_Test(&post->request, &sent, MPI_STATUS_IGNORE));
      return sent != 0;
    });
    auto& post = posts_.emplace_back(std::make_unique<Post>());
    post->value = value;
    check("MPI_Isend", MPI_Isend(&post->value, 1, MPI_INT64_T, 0, post_tag, control_.get(), &post->request));
  }

  std::int64_t collect() override {
    std::int64_t sum = 0;
    for (;;) {
      int waiting = 0;
      MPI_Status status;
      check("MPI_Iprobe", MPI_Iprobe(MPI_ANY_SOURCE, post_tag, control_.get(), &waiting, &status));
      if (!waiting) return sum;
      std::int64_t value = 0;
      check("MPI_Recv",
            MPI_Recv(&value, 1, MPI_INT64_T, status.MPI_SOURCE, post_tag, control_.get(), MPI_STATUS_IGNORE));
      sum += value;
    }
  }

  void set_idle(std::function<void()> idle) override { idle_ = std::move(idle); }

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

  void check(const char* call, int code) const {
    if (code == MPI_SUCCESS) return;
    char text[MPI_MAX_ERROR_STRING] = "";
    int length = 0;
    MPI_Error_string(code, text, &length);
    throw CommError(call, code, rank_, text);
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
      beat();
      check_silence(call);
    }
  }

  /// Shows the others that this rank lives: a worker tells rank 0, rank 0 tells everybody. So a rank that is
  /// gone costs its neighbours no message, and a thousand ranks cost rank 0 a few hundred small ones a
  /// second.
  void beat() {
    const auto now = Clock::now();
    if (now - last_beat_ < options_.beat) return;
    last_beat_ = now;
    if (rank_ != 0) return send_empty(0, beat_tag);
    for (int r = 1; r < size_; ++r) send_empty(r, beat_tag);
  }

  /// Throws when a rank that this one listens to has been silent for too long. What arrived while this rank
  /// computed is heard first.
  void check_silence(const char* call) {
    const auto now = Clock::now();
    if (now - last_listened_ < options_.beat) return;
    last_listened_ = now;
    for (int waiting = 1; waiting != 0;) {
      MPI_Status status;
      check("MPI_Iprobe", MPI_Iprobe(MPI_ANY_SOURCE, beat_tag, control_.get(), &waiting, &status));
      if (waiting == 0) break;
      check("MPI_Recv",
            MPI_Recv(nullptr, 0, MPI_BYTE, status.MPI_SOURCE, beat_tag, control_.get(), MPI_STATUS_IGNORE));
      heard_from_[static_cast<std::size_t>(status.MPI_SOURCE)] = now;
    }
    for (std::size_t r = rank_ == 0 ? 1 : 0; r < heard_from_.size(); ++r) {
      if (now - heard_from_[r] <= options_.silence) continue;
      const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now - heard_from_[r]).count();
      throw CommError(call, 0, rank_,
                      "rank " + std::to_string(r) + " has shown no life for " + std::to_string(seconds) +
                          " s: its host may be gone, or its process stopped");
    }
  }

  /// MPI buffers an empty message, so nobody waits for it here; its receiver may never look again.
  void send_empty(int to, int tag) {
    MPI_Request request;
    check("MPI_Isend", MPI_Isend(nullptr, 0, MPI_BYTE, to, tag, control_.get(), &request));
    MPI_Request_free(&request);
  }

  /// A number on its way to rank 0; it must stay where it is until it is sent.
  struct Post {
    std::int64_t value = 0;
    MPI_Request request = MPI_REQUEST_NULL;
  };

  using Clock = std::chrono::steady_clock;

  MpiOptions options_;
  std::vector<Clock::time_point> heard_from_;  ///< on rank 0 from every rank, elsewhere from rank 0
  Clock::time_point last_beat_{};
  Clock::time_point last_listened_{};
  std::vector<std::unique_ptr<Post>> posts_;
  std::function<void()> idle_;
  Handle collectives_;
  Handle control_;
  int rank_ = 0;
  int size_ = 1;
  bool raised_ = false;
  bool heard_ = false;
};

}  // namespace

MpiEnvironment::MpiEnvironment(int& argc, char**& argv) : exceptions_at_start_(std::uncaught_exceptions()) {
  int provided = 0;
  if (MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided) != MPI_SUCCESS) {
    throw CommError("MPI_Init_thread", 0, -1, "MPI does not start");
  }
  if (provided < MPI_THREAD_FUNNELED) throw CommError("MPI_Init_thread", provided, -1, "MPI without threads");
}

MpiEnvironment::~MpiEnvironment() {
  if (std::uncaught_exceptions() == exceptions_at_start_) MPI_Finalize();
}

bool launched_by_mpi() {
  // Open MPI 4 and 5, PMIx launchers, Slurm's PMI, MPICH's Hydra.
  for (const char* name : {"OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMI_RANK", "PMI_SIZE"}) {
    if (std::getenv(name) != nullptr) return true;
  }
  return false;
}

int launched_rank() {
  for (const char* name : {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK"}) {
    if (const char* text = std::getenv(name)) return std::atoi(text);
  }
  return 0;
}

Communicator mpi_world(const MpiOptions& options) { return Communicator(std::make_shared<Mpi>(options)); }

std::string mpi_version() {
  char text[MPI_MAX_LIBRARY_VERSION_STRING] = "";
  int length = 0;
  MPI_Get_library_version(text, &length);
  std::string version(text, static_cast<std::size_t>(length));
  version = version.substr(0, version.find(','));
#ifdef OMPI_HAVE_MPI_EXT_FTMPI
  version += ", built with ULFM";
#endif
  return version;
}

}  // namespace dream::comm
