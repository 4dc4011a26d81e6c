#pragma once
#include <cstdint>
#include <functional>
#include <random>
#include <unordered_set>
#include <vector>

#include "base/digest.hpp"
#include "sweep/pace.hpp"
#include "sweep/schedule.hpp"
#include "tests/bench/simulation/world.hpp"

namespace dream::simulation {

struct RankIsLost {};

/// Something that a worker does, one after the other; a part that is sealed when it is done, if it makes one.
struct Task {
  double seconds = 0;
  const sweep::Item* seals = nullptr;
};
using Hands = std::vector<std::vector<Task>>;  // by worker

/// The time of all ranks of a world: when they work, wait for each other, exchange messages, and are lost.
class Clock {
 public:
  explicit Clock(const World& world);

  [[nodiscard]] double now() const { return now_; }
  [[nodiscard]] double messages() const { return messages_; }  ///< of rank 0 so far
  [[nodiscard]] std::int64_t lost() const { return lost_; }    ///< ranks
  [[nodiscard]] std::unordered_set<Digest>& sealed() { return sealed_; }
  [[nodiscard]] sweep::Workers workers() const { return sweep::choose_workers(ranks_, world_.coordinator); }
  [[nodiscard]] double speed(int worker) const {
    return speed_[static_cast<std::size_t>(workers().rank(worker))];
  }
  /// Of all ranks that live and those that were lost.
  [[nodiscard]] double all_speeds() const;

  /// Everybody goes on together when the last is done; or a rank is lost before, which throws RankIsLost.
  /// Returns what each worker took.
  std::vector<double> block(const Hands& hands);
  /// An all-reduce up and down a tree; rank 0 has a message for each level.
  void meet(int times = 1);
  /// From everybody to everybody, twice: counts, then `bytes` of each rank.
  void exchange(double bytes);
  /// Up a tree of all ranks and down again.
  void merge(double hits);
  /// After RankIsLost: those that live go on without it.
  void bury();

 private:
  [[nodiscard]] double depth() const;

  const World& world_;
  std::mt19937_64 random_;
  int ranks_;
  std::vector<double> speed_;  // by rank
  std::unordered_set<Digest> sealed_;
  double now_ = 0;
  double messages_ = 0;
  std::int64_t lost_ = 0;
};

}  // namespace dream::simulation
