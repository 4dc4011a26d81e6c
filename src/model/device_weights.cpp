#include "model/device_weights.hpp"

#include <algorithm>
#include <functional>

#include "base/errors.hpp"

// Letters of shapes: C hidden, I intermediate, P positions, V vocabulary.
namespace dream::model {
namespace {

using kernels::Element;

/// What every tensor is rounded up to: the boundary that products like.
constexpr std::int64_t boundary = 256;

std::int64_t rounded(std::int64_t bytes) { return (bytes + boundary - 1) / boundary * boundary; }

std::int64_t linear_bytes(Element element, std::int64_t outputs, std::int64_t inputs) {
  return rounded(outputs * inputs * bytes_of(element)) + rounded(outputs * bytes_of(element));
}
std::int64_t float_bytes(std::int64_t count) {
  return rounded(count * static_cast<std::int64_t>(sizeof(float)));
}

}  // namespace

std::int64_t DeviceWeights::bytes_of(const EncoderWeights& weights, Element element) {
  const auto& net = weights.network();
  const auto c = net.hidden, i = net.intermediate;
  const auto norm = 2 * float_bytes(c);
  const auto layer = linear_bytes(element, 3 * c, c) + linear_bytes(element, c, c) +
                     linear_bytes(element, i, c) + linear_bytes(element, c, i) + 2 * norm;
  return rounded(net.vocabulary * c * kernels::bytes_of(element)) +
         float_bytes(weights.place_kinds() * net.positions * c) + float_bytes(weights.attention_bias_size()) +
         norm + net.layers * layer;
}

/// Puts one tensor behind the other, through a piece of host memory.
class DeviceWeights::Writer {
 public:
  Writer(Element element, device::Accelerator& accelerator, std::byte* to, std::int64_t bytes)
      : element_(element),
        accelerator_(accelerator),
        to_(to),
        left_(bytes),
        staging_(accelerator.host_memory(staging_bytes)) {}

  /// `count` values, of which copy(first, out) gives a run.
  using Copy = std::function<void(std::int64_t first, std::span<float> out)>;
  const void* put(Element as, std::int64_t count, const Copy& copy) {
    const auto* const place = to_;
    const auto size = kernels::bytes_of(as);
    DREAM_CHECK(rounded(count * size) <= left_, "more weights than were counted");
    for (std::int64_t first = 0; first < count; first += values_at_once) {
      const auto n = std::min(values_at_once, count - first);
      buffer_.resize(static_cast<std::size_t>(n));
      copy(first, buffer_);
      for (std::int64_t i = 0; i < n; ++i)
        kernels::store(as, staging_.get(), i, buffer_[static_cast<std::size_t>(i)]);
      accelerator_.copy_in(to_ + first * size, staging_.get(), n * size);
      accelerator_.wait(accelerator_.mark(), no_pulse());
    }
    to_ += rounded(count * size);
    left_ -= rounded(count * size);
    return place;
  }
  const void* put(Element as, std::span<const float> values) {
    return put(as, std::ssize(values), [&](std::int64_t first, std::span<float> out) {
      std::copy_n(values.begin() + first, out.size(), out.begin());
    });
  }
  const float* floats(std::span<const float> values) {
    return static_cast<const float*>(put(Element::fp32, values));
  }
  DeviceLinear linear(const Linear& linear) {
    const auto weight = linear.weight.matrix(linear.inputs);
    const auto* const place = put(element_, weight.flat());
    return {place, put(element_, linear.bias.values()), linear.inputs, weight.rows};
  }
  kernels::NormWeights norm(const Norm& norm) {
    const auto* const scale = floats(norm.scale.values());
    return {scale, floats(norm.shift.values()), norm.epsilon};
  }
  [[nodiscard]] std::int64_t left() const { return left_; }

 private:
  static constexpr std::int64_t values_at_once = 1 << 20;
  static constexpr std::int64_t staging_bytes = 4 * values_at_once;

  Element element_;
  device::Accelerator& accelerator_;
  std::byte* to_;
  std::int64_t left_;
  device::Memory staging_;
  std::vector<float> buffer_;
};

DeviceWeights::DeviceWeights(const EncoderWeights& weights, Element element,
                             device::Accelerator& accelerator) {
  const auto& net = weights.network();
  const auto bytes = bytes_of(weights, element);
  memory_ = accelerator.memory(bytes);
  Writer writer(element, accelerator, memory_.get(), bytes);

  std::vector<float> row(static_cast<std::size_t>(net.hidden));
  words_ = writer.put(element, net.vocabulary * net.hidden, [&](std::int64_t first, std::span<float> out) {
    for (std::size_t i = 0; i < out.size();) {  // rows may be cut at both ends
      const auto at = first + static_cast<std::int64_t>(i);
      weights.words().copy(at / net.hidden, row);
      const auto from = static_cast<std::size_t>(at % net.hidden);
      const auto n = std::min(row.size() - from, out.size() - i);
      std::copy_n(row.begin() + static_cast<std::ptrdiff_t>(from), n,
                  out.begin() + static_cast<std::ptrdiff_t>(i));
      i += n;
    }
  });
  Matrix places(weights.place_kinds() * net.positions, net.hidden);
  weights.add_up_places(places.view());
  positions_ = writer.floats(places.values);
  std::vector<float> bias(static_cast<std::size_t>(weights.attention_bias_size()));
  weights.attention_bias(bias);
  if (!bias.empty()) attention_bias_ = writer.floats(bias);
  embedding_norm_ = writer.norm(weights.embedding_norm());
  for (std::int64_t i = 0; i < net.layers; ++i) {
    const auto layer = weights.layer(i);
    // Braces keep the order of evaluation.
    layers_.push_back({writer.linear(layer.qkv), writer.linear(layer.output), writer.linear(layer.up),
                       writer.linear(layer.down), writer.norm(layer.after_attention),
                       writer.norm(layer.after_mlp)});
  }
  DREAM_CHECK(writer.left() == 0, "fewer weights than were counted");
  weights.files().let_go();
}

}  // namespace dream::model
