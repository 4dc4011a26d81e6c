#pragma once
#include <algorithm>
#include <memory>
#include <span>
#include <vector>

#include "kernels/api/layer_norm.hpp"
#include "kernels/api/linear.hpp"
#include "model/network.hpp"
#include "model/weight_files.hpp"

// Letters of shapes: C hidden, I intermediate, P positions.
namespace dream::model {

/// y = x W^T + b
struct Linear {
  Floats weight;  ///< (outputs, inputs)
  Floats bias;    ///< (outputs)
  std::int64_t inputs;
  [[nodiscard]] kernels::LinearWeights view() const { return {weight.matrix(inputs), bias.values()}; }
};

struct Norm {
  Floats scale, shift;  ///< (C)
  float epsilon;
  [[nodiscard]] kernels::LayerNorm view() const { return {scale.values(), shift.values(), epsilon}; }
};

struct LayerWeights {
  Linear qkv;     ///< (3 C, C): query, key, value
  Linear output;  ///< (C, C)
  Linear up;      ///< (I, C)
  Linear down;    ///< (C, I)
  Norm after_attention, after_mlp;
};

/// The weights in the shapes in which the encoder runs them, whatever the family names them.
class EncoderWeights {
 public:
  /// Keeps `files`: what it returns may point into them. Throws ModelError for a tensor that is missing or
  /// does not fit.
  EncoderWeights(const Network& network, std::shared_ptr<const WeightFiles> files);

  [[nodiscard]] const Network& network() const { return network_; }
  [[nodiscard]] MatrixView<const float> words() const { return words_.matrix(network_.hidden); }  ///< (V, C)
  /// (P, C): what the i-th place adds to a word, with what its type adds: 0, or 1 for the second text of a
  /// pair.
  [[nodiscard]] MatrixView<const float> positions(std::size_t type) const {
    return positions_[std::min(type, positions_.size() - 1)].view();
  }
  [[nodiscard]] const Norm& embedding_norm() const { return embedding_norm_; }
  /// (heads, 2 P - 1): what is added to the score of a key for a query, at key - query + P - 1; may be empty.
  [[nodiscard]] std::span<const float> attention_bias() const { return attention_bias_; }
  /// Read one at a time, so that no second copy of all of them is ever in memory.
  [[nodiscard]] LayerWeights layer(std::int64_t index) const;

 private:
  [[nodiscard]] Floats tensor(const std::string& name, std::initializer_list<std::int64_t> shape) const;
  [[nodiscard]] Norm norm(const std::string& name) const;
  [[nodiscard]] Linear linear(const std::string& name, std::int64_t outputs, std::int64_t inputs) const;
  [[nodiscard]] Linear qkv(std::span<const std::string> names) const;
  void add_positions();
  void add_attention_bias();

  Network network_;
  std::shared_ptr<const WeightFiles> files_;
  std::string prefix_;
  Floats words_;
  std::vector<Matrix> positions_;
  Norm embedding_norm_;
  std::vector<float> attention_bias_;
};

}  // namespace dream::model
