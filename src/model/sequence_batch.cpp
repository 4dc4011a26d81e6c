#include "model/sequence_batch.hpp"

namespace dream::model {

void SequenceBatch::start(std::int64_t count, int workers) {
  arenas_.resize(static_cast<std::size_t>(workers));
  for (auto& ids : arenas_) ids.clear();
  pieces_.resize(static_cast<std::size_t>(count));
}

void SequenceBatch::gather() {
  ids_.clear();
  seconds_.clear();
  offsets_.assign(1, 0);
  for (const auto& piece : pieces_) {
    const auto* const begin = arenas_[static_cast<std::size_t>(piece.worker)].data() + piece.begin;
    ids_.insert(ids_.end(), begin, begin + piece.size);
    offsets_.push_back(static_cast<std::int64_t>(ids_.size()));
    seconds_.push_back(piece.second);
  }
}

}  // namespace dream::model
