#pragma once
#include <cstdint>
#include <memory>
#include <span>

#include "base/matrix.hpp"
#include "base/pulse.hpp"
#include "kernels/api/precision.hpp"
#include "model/encoder_weights.hpp"
#include "model/head.hpp"
#include "model/weight_memory.hpp"
#include "model/workers.hpp"

namespace dream::model {

/// Token ids without padding: sequence s is ids [offsets[s], offsets[s + 1]), special tokens included, never
/// empty and at most the encoder's window long.
struct Sequences {
  std::span<const std::int32_t> ids;
  std::span<const std::int64_t> offsets;
  /// Of each sequence the first token of its second text, counted from the sequence's own first; empty: there
  /// are no pairs.
  std::span<const std::int64_t> seconds{};
  std::int64_t prompt = 0;  ///< the first tokens of every sequence, which the head passes over
  [[nodiscard]] std::int64_t size() const { return static_cast<std::int64_t>(offsets.size()) - 1; }
};

/// A transformer encoder in float32 on the CPU. Whole sequences are packed into tiles, one thread works on
/// one tile, and a sequence's vector does not depend, in any bit, on its tile, on the thread or on their
/// number.
class Encoder {
 public:
  /// window: the longest sequence that encode() will be given; threads >= 1; the precision is one that
  /// kernels::cpu::supports(). Keeps `weights` for the word embeddings.
  Encoder(EncoderWeights weights, Head head, std::int64_t window, int threads,
          kernels::Precision precision = kernels::Precision::fp32);
  ~Encoder();

  /// Bytes of its packed weights, alike in every process that has the same model.
  [[nodiscard]] std::int64_t weight_bytes() const;
  /// Packs this process's part of the weights, once, before encode(), which otherwise packs all of them into
  /// memory of its own when it is first called. Throws ModelError for a tensor that is missing or does not
  /// fit.
  void place_weights(WeightMemory memory) const;

  /// out: (sequences, head.outputs()). Calls `pulse` from this thread while others work. Allocates nothing
  /// that an earlier call of that size has not. From one thread at a time.
  void encode(const Sequences& sequences, MatrixView<float> out, const Pulse& pulse) const;

  /// Its threads, for work around encode() and never during it.
  [[nodiscard]] Workers& workers() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace dream::model
