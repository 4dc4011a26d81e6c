#include "model/encoder_weights.hpp"

#include <array>
#include <cmath>
#include <string>

#include "base/errors.hpp"

namespace dream::model {
namespace {

/// What the families call the parts of a layer.
struct Names {
  std::array<std::string, 3> qkv;
  std::string output, after_attention;
};

Names names_of(Family family, const std::string& at) {
  if (family == Family::mpnet)
    return {{at + "attention.attn.q", at + "attention.attn.k", at + "attention.attn.v"},
            at + "attention.attn.o",
            at + "attention.LayerNorm"};
  return {{at + "attention.self.query", at + "attention.self.key", at + "attention.self.value"},
          at + "attention.output.dense",
          at + "attention.output.LayerNorm"};
}

/// Files of a bare encoder name its tensors alone; those with something on top of it, after the encoder.
std::string find_prefix(const WeightFiles& files) {
  for (const char* prefix : {"bert.", "roberta.", "mpnet."}) {
    if (files.has(prefix + std::string("embeddings.word_embeddings.weight"))) return prefix;
  }
  return "";
}

/// MPNet's bucket of a distance (key - query): half of the buckets for each direction; near distances have
/// one each, those from there to 128 share the rest by their logarithm. In float, as the model was trained.
std::int64_t bucket_of(std::int64_t distance, std::int64_t buckets) {
  const auto half = buckets / 2, exact = half / 2;
  const auto side = distance > 0 ? half : 0;
  const auto n = std::abs(distance);
  if (n < exact) return side + n;
  const auto far = std::log(static_cast<float>(n) / static_cast<float>(exact)) /
                   static_cast<float>(std::log(128.0 / static_cast<double>(exact))) *
                   static_cast<float>(half - exact);
  return side + std::min(exact + static_cast<std::int64_t>(far), half - 1);
}

}  // namespace

EncoderWeights::EncoderWeights(const Network& network, std::shared_ptr<const WeightFiles> files)
    : network_(network),
      files_(std::move(files)),
      prefix_(find_prefix(*files_)),
      words_(files_->stored(prefix_ + "embeddings.word_embeddings.weight", network.vocabulary,
                            network.hidden)) {}

void EncoderWeights::add_up_places(MatrixView<float> out) const {
  const auto c = network_.hidden;
  const auto first = network_.first_position;
  DREAM_CHECK(out.rows == place_kinds() * network_.positions && out.cols == c, "places of another shape");
  const auto places = tensor("embeddings.position_embeddings.weight", {first + network_.positions, c});
  const auto types = network_.types == 0
                         ? Floats(std::vector<float>(static_cast<std::size_t>(c)))
                         : tensor("embeddings.token_type_embeddings.weight", {network_.types, c});
  for (std::int64_t r = 0; r < out.rows; ++r) {
    const auto place = places.matrix(c).row(first + r % network_.positions);
    std::transform(place.begin(), place.end(), types.matrix(c).row(r / network_.positions).begin(),
                   out.row(r).begin(), std::plus<>());
  }
}

std::int64_t EncoderWeights::attention_bias_size() const {
  return network_.family == Family::mpnet ? network_.heads * (2 * network_.positions - 1) : 0;
}

void EncoderWeights::attention_bias(std::span<float> out) const {
  if (out.empty()) return;
  const auto heads = network_.heads;
  const auto table = tensor("encoder.relative_attention_bias.weight", {network_.distance_buckets, heads});
  auto at = out.begin();
  for (std::int64_t head = 0; head < heads; ++head) {
    for (auto distance = 1 - network_.positions; distance < network_.positions; ++distance) {
      const auto bucket = bucket_of(distance, network_.distance_buckets);
      *at++ = table.matrix(heads).row(bucket)[static_cast<std::size_t>(head)];
    }
  }
}

Floats EncoderWeights::tensor(const std::string& name, std::initializer_list<std::int64_t> shape) const {
  return files_->floats(prefix_ + name, shape);
}

Norm EncoderWeights::norm(const std::string& name) const {
  return {tensor(name + ".weight", {network_.hidden}), tensor(name + ".bias", {network_.hidden}),
          static_cast<float>(network_.epsilon)};
}

Linear EncoderWeights::linear(const std::string& name, std::int64_t outputs, std::int64_t inputs) const {
  return {tensor(name + ".weight", {outputs, inputs}), tensor(name + ".bias", {outputs}), inputs};
}

Linear EncoderWeights::qkv(std::span<const std::string> names) const {
  const auto c = network_.hidden;
  std::vector<float> weight, bias;
  for (const auto& name : names) {
    const auto one = linear(name, c, c);
    weight.insert(weight.end(), one.weight.values().begin(), one.weight.values().end());
    bias.insert(bias.end(), one.bias.values().begin(), one.bias.values().end());
  }
  return {Floats(std::move(weight)), Floats(std::move(bias)), c};
}

LayerWeights EncoderWeights::layer(std::int64_t index) const {
  const auto at = "encoder.layer." + std::to_string(index) + ".";
  const auto names = names_of(network_.family, at);
  const auto c = network_.hidden;
  return {qkv(names.qkv),
          linear(names.output, c, c),
          linear(at + "intermediate.dense", network_.intermediate, c),
          linear(at + "output.dense", c, network_.intermediate),
          norm(names.after_attention),
          norm(at + "output.LayerNorm")};
}

}  // namespace dream::model
