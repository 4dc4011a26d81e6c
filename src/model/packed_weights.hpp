#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "base/matrix.hpp"
#include "kernels/api/layer_norm.hpp"
#include "kernels/api/linear.hpp"
#include "model/encoder_weights.hpp"
#include "model/weight_memory.hpp"

namespace dream::model {

struct PackedLayer {
  kernels::cpu::PackedLinear qkv, output, up, down;
  kernels::LayerNorm after_attention, after_mlp;
};

/// The weights of an encoder in the form in which it computes, in one flat run of bytes (ADR 14): the sizes
/// are known first, then the bytes are filled, then they are only read. The word embeddings are not among
/// them: they are read from their file.
class PackedWeights {
 public:
  /// Bytes that these weights take, alike in every process. Reads no tensor.
  [[nodiscard]] static std::int64_t bytes_of(const EncoderWeights& weights, kernels::Precision precision);

  /// Writes this process's part. What it does not write itself may be read once the others have done so.
  /// Throws ModelError for a tensor of its part that is missing or does not fit.
  PackedWeights(const EncoderWeights& weights, kernels::Precision precision, WeightMemory memory);

  /// (P, C): what the i-th place adds to a word, with what its type adds: 0, or 1 for the second text of a
  /// pair.
  [[nodiscard]] MatrixView<const float> positions(std::int64_t type) const;
  /// See EncoderWeights::attention_bias(); may be empty.
  [[nodiscard]] std::span<const float> attention_bias() const { return attention_bias_; }
  [[nodiscard]] const kernels::LayerNorm& embedding_norm() const { return embedding_norm_; }
  [[nodiscard]] std::span<const PackedLayer> layers() const { return layers_; }

 private:
  WeightMemory memory_;
  MatrixView<const float> positions_;  ///< (kinds P, C)
  std::int64_t kinds_ = 1;
  std::span<const float> attention_bias_;
  kernels::LayerNorm embedding_norm_;
  std::vector<PackedLayer> layers_;
};

}  // namespace dream::model
