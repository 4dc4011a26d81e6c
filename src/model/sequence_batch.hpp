#pragma once
#include <cstdint>
#include <vector>

#include "model/sequence_encoder.hpp"

namespace dream::model {

/// The sequences of one Encoder::encode(), made on all workers. Keeps its memory from batch to batch.
class SequenceBatch {
 public:
  /// make(item, ids) appends the ids of a sequence to `ids`, which may hold others before it, and returns the
  /// number of those that are not of its second text; for several threads at once.
  template <class Make>
  void fill(std::int64_t count, Workers& workers, const Pulse& pulse, Make make) {
    start(count, workers.threads());
    workers.for_each(count, pulse, [&](int worker, std::int64_t item) {
      auto& ids = arenas_[static_cast<std::size_t>(worker)];
      const auto begin = ids.size();
      const auto second = make(item, ids);
      pieces_[static_cast<std::size_t>(item)] = {worker, begin, ids.size() - begin, second};
    });
    gather();
  }
  /// Views, until the next fill().
  [[nodiscard]] Sequences sequences(std::int64_t prompt = 0) const {
    return {.ids = ids_, .offsets = offsets_, .seconds = seconds_, .prompt = prompt};
  }

 private:
  /// A sequence in the arena of the worker that made it.
  struct Piece {
    int worker;
    std::size_t begin, size;
    std::int64_t second;
  };
  void start(std::int64_t count, int workers);
  void gather();

  std::vector<std::vector<std::int32_t>> arenas_;
  std::vector<Piece> pieces_;
  std::vector<std::int32_t> ids_;
  std::vector<std::int64_t> offsets_, seconds_;
};

}  // namespace dream::model
