#include "model/packed_weights.hpp"

#include <algorithm>
#include <new>

#include "base/errors.hpp"

// Letters of shapes: C hidden, I intermediate, P positions.
namespace dream::model {
namespace {

using kernels::Precision;
using kernels::cpu::PackedLinear;

/// Hands out places one behind the other, each on a boundary of 64 bytes. Without memory it only counts.
class Cursor {
 public:
  explicit Cursor(std::span<std::byte> memory) : memory_(memory) {}
  [[nodiscard]] std::int64_t used() const { return used_; }
  std::byte* take(std::int64_t bytes) {
    auto* const place = memory_.empty() ? nullptr : memory_.data() + used_;
    used_ += (bytes + 63) / 64 * 64;
    return place;
  }
  std::span<float> floats(std::int64_t count) {
    return {reinterpret_cast<float*>(take(count * static_cast<std::int64_t>(sizeof(float)))),
            static_cast<std::size_t>(count)};
  }

 private:
  std::span<std::byte> memory_;
  std::int64_t used_ = 0;
};

struct NormPlace {
  std::span<float> scale, shift;
};

struct LayerPlace {
  std::byte *qkv, *output, *up, *down;
  NormPlace after_attention, after_mlp;
};

struct Places {
  std::span<float> positions, attention_bias;
  NormPlace embedding_norm;
  std::vector<LayerPlace> layers;
  std::int64_t bytes = 0;
};

Places lay_out(const EncoderWeights& weights, Precision precision, std::span<std::byte> memory) {
  const auto& net = weights.network();
  const auto c = net.hidden, i = net.intermediate;
  Cursor cursor(memory);
  const auto norm = [&] {
    const auto scale = cursor.floats(c);
    return NormPlace{scale, cursor.floats(c)};
  };
  const auto linear = [&](std::int64_t outputs, std::int64_t inputs) {
    return cursor.take(PackedLinear::packed_bytes(outputs, inputs, precision));
  };
  Places places;
  places.positions = cursor.floats(weights.place_kinds() * net.positions * c);
  places.attention_bias = cursor.floats(weights.attention_bias_size());
  places.embedding_norm = norm();
  for (std::int64_t layer = 0; layer < net.layers; ++layer) {
    // Braces keep the order of evaluation.
    places.layers.push_back({linear(3 * c, c), linear(c, c), linear(i, c), linear(c, i), norm(), norm()});
  }
  places.bytes = cursor.used();
  return places;
}

void fill(const Norm& norm, const NormPlace& place) {
  std::ranges::copy(norm.scale.values(), place.scale.begin());
  std::ranges::copy(norm.shift.values(), place.shift.begin());
}

void fill(const LayerWeights& weights, Precision precision, const LayerPlace& place) {
  PackedLinear::pack(weights.qkv.view(), precision, place.qkv);
  PackedLinear::pack(weights.output.view(), precision, place.output);
  PackedLinear::pack(weights.up.view(), precision, place.up);
  PackedLinear::pack(weights.down.view(), precision, place.down);
  fill(weights.after_attention, place.after_attention);
  fill(weights.after_mlp, place.after_mlp);
}

}  // namespace

WeightMemory own_memory(std::int64_t bytes) {
  const auto size = static_cast<std::size_t>(bytes);
  constexpr std::align_val_t line{64};
  const std::shared_ptr<void> owner(::operator new(size, line), [](void* p) { ::operator delete(p, line); });
  return {.bytes = {static_cast<std::byte*>(owner.get()), size}, .owner = owner};
}

std::int64_t PackedWeights::bytes_of(const EncoderWeights& weights, Precision precision) {
  return lay_out(weights, precision, {}).bytes;
}

PackedWeights::PackedWeights(const EncoderWeights& weights, Precision precision, WeightMemory memory)
    : memory_(std::move(memory)) {
  const auto& net = weights.network();
  const auto places = lay_out(weights, precision, memory_.bytes);
  DREAM_CHECK(std::ssize(memory_.bytes) >= places.bytes, "too little memory for the packed weights");
  const auto view = [&](const NormPlace& place) {
    return kernels::LayerNorm{place.scale, place.shift, static_cast<float>(net.epsilon)};
  };
  kinds_ = weights.place_kinds();
  positions_ = {places.positions.data(), kinds_ * net.positions, net.hidden};
  attention_bias_ = places.attention_bias;
  embedding_norm_ = view(places.embedding_norm);
  for (const auto& place : places.layers) {
    const auto linear = [&](std::int64_t outputs, std::int64_t inputs, const std::byte* packed) {
      return PackedLinear(outputs, inputs, precision, packed);
    };
    layers_.push_back(
        {linear(3 * net.hidden, net.hidden, place.qkv), linear(net.hidden, net.hidden, place.output),
         linear(net.intermediate, net.hidden, place.up), linear(net.hidden, net.intermediate, place.down),
         view(place.after_attention), view(place.after_mlp)});
  }
  // Unit 0 are the embeddings, unit i + 1 is layer i; the parts take them in turn.
  for (std::int64_t unit = memory_.part; unit <= net.layers; unit += memory_.parts) {
    if (unit == 0) {
      weights.add_up_places({places.positions.data(), positions_.rows, positions_.cols});
      weights.attention_bias(places.attention_bias);
      fill(weights.embedding_norm(), places.embedding_norm);
    } else {
      fill(weights.layer(unit - 1), precision, places.layers[static_cast<std::size_t>(unit - 1)]);
    }
    weights.files().let_go();
  }
}

MatrixView<const float> PackedWeights::positions(std::int64_t type) const {
  const auto rows = positions_.rows / kinds_;
  return {positions_.data + std::min(type, kinds_ - 1) * rows * positions_.cols, rows, positions_.cols};
}

}  // namespace dream::model
