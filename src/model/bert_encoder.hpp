#pragma once
#include <cstdint>
#include <memory>
#include <span>

#include "base/matrix.hpp"
#include "base/pulse.hpp"
#include "model/safetensors.hpp"
#include "model/sentence_model.hpp"

namespace dream::model {

/// Token ids without padding: sequence s is ids [offsets[s], offsets[s + 1]), [CLS] and [SEP] included, never
/// empty and at most `positions` long.
struct Sequences {
  std::span<const std::int32_t> ids;
  std::span<const std::int64_t> offsets;
  [[nodiscard]] std::int64_t size() const { return static_cast<std::int64_t>(offsets.size()) - 1; }
};

/// BERT in float32 on the CPU. Whole sequences are packed into tiles, one thread works on one tile, and a
/// sequence's vector does not depend, in any bit, on its tile, on the thread or on their number.
class BertEncoder {
 public:
  /// window: the longest sequence that encode() will be given; threads >= 1. Packs the weights, and keeps
  /// `weights` mapped for the word embeddings. Throws ModelError for a tensor that is missing or does not
  /// fit.
  BertEncoder(const SentenceModel& model, std::shared_ptr<const SafeTensors> weights, int threads);
  ~BertEncoder();

  /// out: (sequences, hidden), pooled and L2-normalised. Calls `pulse` from this thread while others work.
  /// From one thread at a time.
  void encode(const Sequences& sequences, MatrixView<float> out, const Pulse& pulse) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace dream::model
