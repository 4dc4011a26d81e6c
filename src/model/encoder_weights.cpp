#include "model/encoder_weights.hpp"

#include <algorithm>
#include <string>

namespace dream::model {

EncoderWeights::EncoderWeights(const Network& network, std::shared_ptr<const SafeTensors> tensors)
    : network_(network),
      tensors_(std::move(tensors)),
      prefix_(tensors_->has("bert.embeddings.word_embeddings.weight") ? "bert." : ""),
      words_(tensor("embeddings.word_embeddings.weight", {network.vocabulary, network.hidden})),
      embedding_norm_(norm("embeddings.LayerNorm")) {
  add_positions();
}

void EncoderWeights::add_positions() {
  const auto c = network_.hidden;
  const auto places = tensor("embeddings.position_embeddings.weight", {network_.positions, c});
  const auto types = tensor("embeddings.token_type_embeddings.weight", {network_.types, c});
  for (std::int64_t type = 0; type < std::min<std::int64_t>(network_.types, 2); ++type) {
    Matrix sum(network_.positions, c);
    for (std::int64_t p = 0; p < sum.rows; ++p) {
      std::transform(places.matrix(c).row(p).begin(), places.matrix(c).row(p).end(),
                     types.matrix(c).row(type).begin(), sum.row(p).begin(), std::plus<>());
    }
    positions_.push_back(std::move(sum));
  }
}

Floats EncoderWeights::tensor(const std::string& name, std::initializer_list<std::int64_t> shape) const {
  return tensors_->floats(prefix_ + name, shape);
}

Norm EncoderWeights::norm(const std::string& name) const {
  return {tensor(name + ".weight", {network_.hidden}), tensor(name + ".bias", {network_.hidden}),
          static_cast<float>(network_.epsilon)};
}

Linear EncoderWeights::linear(const std::string& name, std::int64_t outputs, std::int64_t inputs) const {
  return {tensor(name + ".weight", {outputs, inputs}), tensor(name + ".bias", {outputs}), inputs};
}

Linear EncoderWeights::qkv(const std::string& name) const {
  const auto c = network_.hidden;
  std::vector<float> weight, bias;
  for (const char* part : {"query", "key", "value"}) {
    const auto one = linear(name + part, c, c);
    weight.insert(weight.end(), one.weight.values().begin(), one.weight.values().end());
    bias.insert(bias.end(), one.bias.values().begin(), one.bias.values().end());
  }
  return {Floats(std::move(weight)), Floats(std::move(bias)), c};
}

LayerWeights EncoderWeights::layer(std::int64_t index) const {
  const auto at = "encoder.layer." + std::to_string(index) + ".";
  const auto c = network_.hidden;
  return {qkv(at + "attention.self."),
          linear(at + "attention.output.dense", c, c),
          linear(at + "intermediate.dense", network_.intermediate, c),
          linear(at + "output.dense", c, network_.intermediate),
          norm(at + "attention.output.LayerNorm"),
          norm(at + "output.LayerNorm")};
}

}  // namespace dream::model
