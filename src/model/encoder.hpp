#pragma once
#include <cstdint>
#include <memory>

#include "kernels/api/precision.hpp"
#include "model/encoder_weights.hpp"
#include "model/head.hpp"
#include "model/sequence_encoder.hpp"

namespace dream::model {

/// In float32 on the CPU, or in the numbers of the precision. Whole sequences are packed into tiles, one
/// thread works on one tile, and a sequence's vector does not depend, in any bit, on its tile, on the thread
/// or on their number.
class Encoder final : public SequenceEncoder {
 public:
  /// window: the longest sequence that encode() will be given; threads >= 1; the precision is one that
  /// kernels::cpu::supports(). Keeps `weights` for the word embeddings.
  Encoder(EncoderWeights weights, Head head, std::int64_t window, int threads,
          kernels::Precision precision = kernels::Precision::fp32);
  ~Encoder() override;

  [[nodiscard]] std::int64_t weight_bytes() const override;
  void place_weights(WeightMemory memory) const override;
  /// Allocates nothing that an earlier call of that size has not.
  void encode(const Sequences& sequences, MatrixView<float> out, const Pulse& pulse) const override;
  [[nodiscard]] Workers& workers() const override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace dream::model
