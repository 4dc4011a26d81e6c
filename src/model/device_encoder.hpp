#pragma once
#include <cstdint>
#include <memory>

#include "base/matrix.hpp"
#include "base/pulse.hpp"
#include "device/accelerator.hpp"
#include "model/encoder_weights.hpp"
#include "model/head.hpp"
#include "model/sequence_encoder.hpp"

namespace dream::model {

/// How a DeviceEncoder computes.
struct DevicePlan {
  kernels::Element element = kernels::Element::bf16;
  /// Tokens of a batch, at least the window. Every product has so many rows, filled or not, so that no bit of
  /// a vector depends on what else is in its batch.
  std::int64_t rows = 8192;
};

/// The encoder of encoder.hpp on an accelerator: sequences are put one behind the other into batches, without
/// padding; while a batch is computed, the host prepares the next one in pinned memory. Batches of like shape
/// are launched as one (Accelerator::record), so that a few sequences do not wait for a hundred launches.
class DeviceEncoder {
 public:
  /// Bytes on the accelerator that batches need, beside the weights (DeviceWeights::bytes_of). Pure.
  [[nodiscard]] static std::int64_t buffer_bytes(const Network& network, const Head& head,
                                                 const DevicePlan& plan);

  /// window: the longest sequence that encode() will be given. Throws ModelError for a tensor that is missing
  /// or does not fit, Error where the memory does not suffice.
  DeviceEncoder(const EncoderWeights& weights, Head head, std::int64_t window, const DevicePlan& plan,
                std::shared_ptr<device::Accelerator> accelerator);
  ~DeviceEncoder();
  DeviceEncoder(const DeviceEncoder&) = delete;
  DeviceEncoder& operator=(const DeviceEncoder&) = delete;

  /// out: (sequences, head.outputs()). From one thread at a time.
  void encode(const Sequences& sequences, MatrixView<float> out, const Pulse& pulse) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace dream::model
