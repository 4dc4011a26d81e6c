#include "model/device_encoder.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <map>
#include <string>
#include <vector>

#include "base/errors.hpp"
#include "model/device_weights.hpp"

// Letters of shapes: R rows of a batch, C hidden, I intermediate, S sequences of a batch (at most R).
namespace dream::model {
namespace {

using kernels::Element;

/// What the host tells of a batch: ids and places (R each), then offsets (R + 1).
struct Input {
  std::int32_t *ids = nullptr, *places = nullptr;
  std::int64_t* offsets = nullptr;

  static std::int64_t bytes(std::int64_t rows) { return 2 * 4 * rows + 8 * (rows + 1); }
  Input(std::byte* memory, std::int64_t rows)
      : ids(reinterpret_cast<std::int32_t*>(memory)),
        places(ids + rows),
        offsets(reinterpret_cast<std::int64_t*>(memory + 2 * 4 * rows)) {}
};

/// What decides which kernels a batch needs, and how they are spread: rounded up, so that few shapes serve
/// all batches. What is beyond a batch's own sequences is empty, and rows beyond its tokens are nobody's.
struct BatchShape {
  std::int64_t sequences, longest, prompt;
  auto operator<=>(const BatchShape&) const = default;
};

/// The work of a shape: done as it comes the first time, which loads its kernels, then recorded.
struct KnownShape {
  bool was_run = false;
  device::Recording recording;
};
/// A recording takes a little of the accelerator's memory; shapes beyond these are launched one by one.
constexpr std::size_t most_shapes = 64;

/// A batch and the host's memory for it; there are two, so that one is filled while the other is computed.
struct Slot {
  device::Memory input, pooled;  ///< pooled: (S, values of all poolings)
  std::int64_t first = 0, count = 0, tokens = 0, longest = 0;
  device::Mark done;
  bool pending = false;
};

/// Bytes of what a batch needs on the accelerator.
struct Sizes {
  std::int64_t input, x, rounded, qkv, attended, projected, inner, pooled;
  Sizes(const Network& net, std::int64_t pooled_values, const DevicePlan& plan) {
    const auto row = plan.rows * bytes_of(plan.element);
    input = Input::bytes(plan.rows);
    x = plan.rows * net.hidden * 4;
    rounded = plan.element == Element::fp32 ? 0 : row * net.hidden;
    qkv = row * 3 * net.hidden;
    attended = projected = row * net.hidden;
    inner = row * net.intermediate;
    pooled = plan.rows * pooled_values * 4;
  }
  [[nodiscard]] std::int64_t all() const {
    return input + x + rounded + qkv + attended + projected + inner + pooled;
  }
};

}  // namespace

struct DeviceEncoder::Impl {
  Network net;
  Head head;
  std::int64_t window;
  DevicePlan plan;
  std::shared_ptr<device::Accelerator> accelerator;
  DeviceWeights weights;
  Sizes sizes;
  device::Memory input, x, rounded_or_none, qkv, attended, projected, inner, pooled;
  std::array<Slot, 2> slots;
  std::vector<float> scratch;
  std::map<BatchShape, KnownShape> shapes;

  Impl(const EncoderWeights& from, Head its_head, std::int64_t its_window, const DevicePlan& its_plan,
       std::shared_ptr<device::Accelerator> on)
      : net(from.network()),
        head(std::move(its_head)),
        window(its_window),
        plan(its_plan),
        accelerator(std::move(on)),
        weights(from, plan.element, *accelerator),
        sizes(net, head.pooled_values(), plan),
        scratch(static_cast<std::size_t>(head.scratch_size())) {
    DREAM_CHECK(plan.rows >= window, "a batch shorter than the window");
    DREAM_CHECK(window <= net.positions, "a window longer than the model's positions");
    const auto take = [&](std::int64_t bytes) { return accelerator->memory(bytes); };
    input = take(sizes.input);
    x = take(sizes.x);
    if (sizes.rounded > 0) rounded_or_none = take(sizes.rounded);
    qkv = take(sizes.qkv);
    attended = take(sizes.attended);
    projected = take(sizes.projected);
    inner = take(sizes.inner);
    pooled = take(sizes.pooled);
    for (auto& slot : slots) {
      slot.input = accelerator->host_memory(sizes.input);
      slot.pooled = accelerator->host_memory(sizes.pooled);
    }
  }

  ~Impl() {
    if (accelerator->drain()) return;
    // What still reads and writes it must find it there.
    for (auto& slot : slots) {
      new device::Memory(slot.input);
      new device::Memory(slot.pooled);
    }
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  [[nodiscard]] float* stream_of_residuals() const { return reinterpret_cast<float*>(x.get()); }
  /// The residual stream as a layer reads it.
  [[nodiscard]] const void* as_input() const { return rounded_or_none ? rounded_or_none.get() : x.get(); }

  std::int64_t fill(Slot& slot, const Sequences& sequences, std::int64_t from) const;
  void start(Slot& slot, std::int64_t prompt);
  void finish(Slot& slot, MatrixView<float> out, const Pulse& pulse);

 private:
  [[nodiscard]] BatchShape shape_of(const Slot& slot, std::int64_t prompt) const;
  void run(const BatchShape& shape);
  void compute(const BatchShape& shape);
  void embed();
  void multiply(const DeviceLinear& linear, const void* from, void* to, kernels::Then then);
  void run_layer(const DeviceLayer& layer, const BatchShape& shape);
  void pool(const BatchShape& shape);
};

/// Puts sequences from `from` on into the slot, as many as fit. Returns the first that did not.
std::int64_t DeviceEncoder::Impl::fill(Slot& slot, const Sequences& sequences, std::int64_t from) const {
  const Input to(slot.input.get(), plan.rows);
  slot.first = from;
  slot.count = slot.tokens = slot.longest = 0;
  to.offsets[0] = 0;
  for (; from < sequences.size(); ++from) {
    const auto s = static_cast<std::size_t>(from);
    const auto begin = sequences.offsets[s], length = sequences.offsets[s + 1] - begin;
    DREAM_CHECK(length >= 1 && length <= window, "a sequence of " + std::to_string(length) + " tokens");
    if (slot.tokens + length > plan.rows) break;
    const auto second = sequences.seconds.empty() ? length : sequences.seconds[s];
    for (std::int64_t i = 0; i < length; ++i) {
      const auto id = sequences.ids[static_cast<std::size_t>(begin + i)];
      DREAM_CHECK(id >= 0 && id < net.vocabulary, "a token outside the vocabulary");
      to.ids[slot.tokens + i] = id;
      to.places[slot.tokens + i] = static_cast<std::int32_t>(i + (i >= second ? net.positions : 0));
    }
    slot.tokens += length;
    slot.longest = std::max(slot.longest, length);
    to.offsets[++slot.count] = slot.tokens;
  }
  // Words of a kind behind the last one, and no more sequences.
  std::fill(to.ids + slot.tokens, to.ids + plan.rows, 0);
  std::fill(to.places + slot.tokens, to.places + plan.rows, 0);
  std::fill(to.offsets + slot.count + 1, to.offsets + plan.rows + 1, slot.tokens);
  return from;
}

BatchShape DeviceEncoder::Impl::shape_of(const Slot& slot, std::int64_t prompt) const {
  const auto up = [](std::int64_t n, std::int64_t most) {
    return std::min(most, static_cast<std::int64_t>(std::bit_ceil(static_cast<std::uint64_t>(n))));
  };
  return {up(slot.count, plan.rows), up(slot.longest, window), prompt};
}

void DeviceEncoder::Impl::embed() {
  const Input on_device(input.get(), plan.rows);
  accelerator->kernels().embedding(
      {on_device.ids, on_device.places, weights.words(), weights.positions(), weights.embedding_norm(),
       plan.rows, net.hidden, stream_of_residuals(), rounded_or_none.get()},
      plan.element, accelerator->stream());
}

void DeviceEncoder::Impl::multiply(const DeviceLinear& linear, const void* from, void* to,
                                   kernels::Then then) {
  accelerator->multiply(
      {from, linear.weights, linear.bias, to, plan.rows, linear.inputs, linear.outputs, then}, plan.element);
}

/// Of all rows of a batch, filled or not, but for attention.
void DeviceEncoder::Impl::run_layer(const DeviceLayer& layer, const BatchShape& shape) {
  const auto& kernels = accelerator->kernels();
  const auto stream = accelerator->stream();
  const auto add = [&](const kernels::NormWeights& norm) {
    kernels.residual_norm(
        {stream_of_residuals(), projected.get(), norm, plan.rows, net.hidden, rounded_or_none.get()},
        plan.element, stream);
  };
  multiply(layer.qkv, as_input(), qkv.get(), kernels::Then::store);
  kernels.sequence_attention(
      {qkv.get(), Input(input.get(), plan.rows).offsets, weights.attention_bias(), net.positions,
       shape.sequences, shape.longest, net.heads, net.hidden, attended.get()},
      plan.element, stream);
  multiply(layer.output, attended.get(), projected.get(), kernels::Then::store);
  add(layer.after_attention);
  // The exact GELU is a kernel of ours; the others the product does by the way.
  const bool exact = net.activation == kernels::Activation::gelu;
  multiply(layer.up, as_input(), inner.get(),
           exact ? kernels::Then::store : kernels::then_of(net.activation));
  if (exact)
    kernels.activate({inner.get(), nullptr, net.activation, plan.rows, net.intermediate}, plan.element,
                     stream);
  multiply(layer.down, inner.get(), projected.get(), kernels::Then::store);
  add(layer.after_mlp);
}

void DeviceEncoder::Impl::pool(const BatchShape& shape) {
  std::int64_t column = 0;
  for (const auto pooling : head.poolings()) {
    auto* const out = reinterpret_cast<float*>(pooled.get()) + column;
    accelerator->kernels().sequence_pool(
        {stream_of_residuals(), Input(input.get(), plan.rows).offsets, shape.sequences, net.hidden,
         shape.prompt, pooling, out, head.pooled_values()},
        accelerator->stream());
    column += net.hidden;
  }
}

void DeviceEncoder::Impl::compute(const BatchShape& shape) {
  embed();
  for (const auto& layer : weights.layers()) run_layer(layer, shape);
  pool(shape);
}

void DeviceEncoder::Impl::run(const BatchShape& shape) {
  if (shapes.size() == most_shapes && !shapes.contains(shape)) return compute(shape);
  auto& known = shapes[shape];
  if (!known.was_run) {
    compute(shape);
    known.was_run = true;
    return;
  }
  if (!known.recording) known.recording = accelerator->record([&] { compute(shape); });
  accelerator->play(known.recording);
}

/// Queues all of a batch.
void DeviceEncoder::Impl::start(Slot& slot, std::int64_t prompt) {
  slot.pending = true;  // from here on the queue may know the slot
  accelerator->copy_in(input.get(), slot.input.get(), sizes.input);
  run(shape_of(slot, prompt));
  accelerator->copy_out(slot.pooled.get(), pooled.get(), slot.count * head.pooled_values() * 4);
  slot.done = accelerator->mark();
}

/// Waits for a batch, if there is one, and makes its vectors.
void DeviceEncoder::Impl::finish(Slot& slot, MatrixView<float> out, const Pulse& pulse) {
  if (!slot.pending) return;
  accelerator->wait(slot.done, pulse);
  slot.pending = false;
  const auto values = head.pooled_values();
  for (std::int64_t s = 0; s < slot.count; ++s) {
    const std::span from(reinterpret_cast<const float*>(slot.pooled.get()) + s * values,
                         static_cast<std::size_t>(values));
    head.finish(from, out.row(slot.first + s), scratch);
  }
}

DeviceEncoder::DeviceEncoder(const EncoderWeights& weights, Head head, std::int64_t window,
                             const DevicePlan& plan, std::shared_ptr<device::Accelerator> accelerator)
    : impl_(std::make_unique<Impl>(weights, std::move(head), window, plan, std::move(accelerator))) {}

DeviceEncoder::~DeviceEncoder() = default;

std::int64_t DeviceEncoder::buffer_bytes(const Network& network, const Head& head, const DevicePlan& plan) {
  return Sizes(network, head.pooled_values(), plan).all();
}

void DeviceEncoder::encode(const Sequences& sequences, MatrixView<float> out, const Pulse& pulse) const {
  auto& my = *impl_;
  DREAM_CHECK(out.rows == sequences.size() && out.cols == my.head.outputs(), "the result has another shape");
  // Batches left behind by a call that ended early; the last mark may be missing.
  if (std::ranges::any_of(my.slots, &Slot::pending)) my.accelerator->wait(my.accelerator->mark(), no_pulse());
  for (auto& slot : my.slots) slot.pending = false;
  std::size_t turn = 0;
  for (std::int64_t next = 0; next < sequences.size(); turn ^= 1) {
    auto& slot = my.slots[turn];
    my.finish(slot, out, pulse);
    next = my.fill(slot, sequences, next);
    my.start(slot, sequences.prompt);
  }
  for (const auto i : {turn, turn ^ 1}) my.finish(my.slots[i], out, pulse);
}

}  // namespace dream::model
