#pragma once
#include <mpi.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "comm/communicator.hpp"
#include "comm/mpi.hpp"

/// The small messages of a group that nobody waits for: alarms, numbers of progress, and that a rank lives.
/// Only comm's own files include this.
namespace dream::comm {

/// A rank from which nothing is heard.
struct Silent {
  int rank = 0;
  std::chrono::seconds seconds{};
};

/// Calls that return int return MPI's code. `comm` outlives this.
class Signals {
 public:
  Signals(MPI_Comm comm, const MpiOptions& options);

  /// Tells all other ranks that this one has failed, once until forget_alarms().
  [[nodiscard]] int raise_alarm();
  /// Sets `heard` when another rank has told so.
  [[nodiscard]] int hear_alarm(bool& heard);
  [[nodiscard]] bool has_raised() const { return raised_; }
  /// Begins to take the alarm that this rank has raised off.
  [[nodiscard]] int take_alarm(int from, MPI_Request* request);
  /// All alarms are taken off.
  void forget_alarms() { raised_ = heard_ = false; }

  /// Numbers for rank 0. A loss is not told here: nobody waits for progress, and the next other verb meets
  /// it.
  void post(std::span<const Count> counts);
  /// On rank 0: what has come since the last call.
  [[nodiscard]] std::vector<Count> collect();
  /// The requests of posts that may be under way.
  [[nodiscard]] std::vector<MPI_Request> open_posts() const;

  /// Shows the others that this rank lives, when it is time: a worker tells rank 0, rank 0 tells everybody.
  /// So a rank that is gone costs its neighbours no message, and a thousand ranks cost rank 0 a few hundred
  /// small ones a second.
  [[nodiscard]] int beat();
  /// Hears who lives, when it is time: rank 0 listens to all, the others to rank 0. Then `silent` gets those
  /// that have been silent for longer than MpiOptions::silence.
  [[nodiscard]] int listen(std::vector<Silent>& silent);
  /// The silence of this rank begins anew.
  void excuse(int rank) { heard_from_[static_cast<std::size_t>(rank)] = Clock::now(); }

 private:
  using Clock = std::chrono::steady_clock;

  [[nodiscard]] int send_empty(int to, int tag) const;

  /// Numbers on their way to rank 0; they must stay where they are until they are sent.
  struct Post {
    std::vector<Count> counts;
    MPI_Request request = MPI_REQUEST_NULL;
  };

  MPI_Comm comm_;
  MpiOptions options_;
  int rank_ = 0;
  int size_ = 1;
  bool raised_ = false;
  bool heard_ = false;
  std::vector<std::unique_ptr<Post>> posts_;
  std::vector<Clock::time_point> heard_from_;  ///< on rank 0 from every rank, elsewhere from rank 0
  Clock::time_point last_beat_{};
  Clock::time_point last_listened_{};
};

}  // namespace dream::comm
