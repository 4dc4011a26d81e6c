#pragma once
#include <memory>
#include <optional>

#include "model/compute.hpp"
#include "model/device_encoder.hpp"

namespace dream::model {

/// A DeviceEncoder that takes nothing of the accelerator before it is loaded, so that what it will take can
/// be looked at first.
class AcceleratedEncoder final : public SequenceEncoder {
 public:
  /// Throws ModelError for heads that attention on an accelerator cannot hold.
  AcceleratedEncoder(EncoderWeights weights, Head head, std::int64_t window, kernels::Element element,
                     const Compute& compute);

  /// Tokens of a batch; they are in the bits of its vectors.
  [[nodiscard]] std::int64_t rows() const { return plan_.rows; }
  [[nodiscard]] DeviceBytes device_bytes() const override;
  void load() const override;
  void encode(const Sequences& sequences, MatrixView<float> out, const Pulse& pulse) const override;
  [[nodiscard]] Workers& workers() const override { return workers_; }
  [[nodiscard]] bool leaves_workers_free() const override { return true; }

 private:
  /// What load() makes the encoder of.
  struct Parts {
    EncoderWeights weights;
    Head head;
  };
  std::int64_t window_;
  DevicePlan plan_;
  std::shared_ptr<device::Accelerator> accelerator_;
  DeviceBytes bytes_;
  mutable Workers workers_;
  mutable std::optional<Parts> parts_;  ///< until it is loaded
  mutable std::optional<DeviceEncoder> encoder_;
};

}  // namespace dream::model
