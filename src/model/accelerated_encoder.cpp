#include "model/accelerated_encoder.hpp"

#include <algorithm>

#include "base/errors.hpp"
#include "model/device_weights.hpp"

namespace dream::model {

AcceleratedEncoder::AcceleratedEncoder(EncoderWeights weights, Head head, std::int64_t window,
                                       kernels::Element element, const Compute& compute)
    : window_(window),
      plan_{element, std::max(compute.batch_tokens, window)},
      accelerator_(compute.accelerator),
      bytes_{DeviceWeights::bytes_of(weights, element),
             DeviceEncoder::buffer_bytes(weights.network(), head, plan_)},
      workers_(compute.threads),
      parts_(Parts{std::move(weights), std::move(head)}) {
  const auto& net = parts_->weights.network();
  if (const auto size = net.hidden / net.heads; size > kernels::most_head_size) {
    throw ModelError(parts_->weights.files().path(), "num_attention_heads",
                     "makes heads of " + std::to_string(size) + " values, and those of a GPU have at most " +
                         std::to_string(kernels::most_head_size) + "; use device.backend = \"cpu\"");
  }
}

DeviceBytes AcceleratedEncoder::device_bytes() const { return bytes_; }

void AcceleratedEncoder::load() const {
  if (encoder_) return;
  encoder_.emplace(parts_->weights, std::move(parts_->head), window_, plan_, accelerator_);
  parts_.reset();
}

void AcceleratedEncoder::encode(const Sequences& sequences, MatrixView<float> out, const Pulse& pulse) const {
  load();
  encoder_->encode(sequences, out, pulse);
}

}  // namespace dream::model
