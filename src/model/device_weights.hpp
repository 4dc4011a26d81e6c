#pragma once
#include <cstdint>
#include <vector>

#include "device/accelerator.hpp"
#include "model/encoder_weights.hpp"

namespace dream::model {

/// y = x W^T + b, in an accelerator's memory.
struct DeviceLinear {
  const void* weights = nullptr;  ///< (outputs, inputs)
  const void* bias = nullptr;     ///< (outputs)
  std::int64_t inputs = 0, outputs = 0;
};

struct DeviceLayer {
  DeviceLinear qkv, output, up, down;
  kernels::NormWeights after_attention, after_mlp;
};

/// The weights of an encoder in an accelerator's memory, in one run of bytes: matrices and biases as
/// elements, norms, places and the bias of attention as floats.
class DeviceWeights {
 public:
  /// Bytes that they take. Reads no tensor.
  [[nodiscard]] static std::int64_t bytes_of(const EncoderWeights& weights, kernels::Element element);
  /// Throws ModelError for a tensor that is missing or does not fit, and Error where the memory does not
  /// suffice.
  DeviceWeights(const EncoderWeights& weights, kernels::Element element, device::Accelerator& accelerator);

  [[nodiscard]] const void* words() const { return words_; }           ///< (V, C)
  [[nodiscard]] const float* positions() const { return positions_; }  ///< (kinds P, C)
  /// See EncoderWeights::attention_bias(); null: none.
  [[nodiscard]] const float* attention_bias() const { return attention_bias_; }
  [[nodiscard]] const kernels::NormWeights& embedding_norm() const { return embedding_norm_; }
  [[nodiscard]] const std::vector<DeviceLayer>& layers() const { return layers_; }

 private:
  class Writer;
  device::Memory memory_;
  const void* words_ = nullptr;
  const float* positions_ = nullptr;
  const float* attention_bias_ = nullptr;
  kernels::NormWeights embedding_norm_;
  std::vector<DeviceLayer> layers_;
};

}  // namespace dream::model
