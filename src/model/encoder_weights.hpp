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
  [[nodiscard]] const WeightFiles& files() const { return *files_; }
  [[nodiscard]] const StoredRows& words() const { return words_; }  ///< (V, C)
  /// Kinds of places: 2 where the second text of a pair is marked, else 1.
  [[nodiscard]] std::int64_t place_kinds() const { return std::clamp<std::int64_t>(network_.types, 1, 2); }
  /// out: (kinds P, C): what the i-th place adds to a word, with what its type adds, type by type.
  void add_up_places(MatrixView<float> out) const;
  /// Values of attention_bias(): heads (2 P - 1), or 0 where the family has none.
  [[nodiscard]] std::int64_t attention_bias_size() const;
  /// out: (heads, 2 P - 1): what is added to the score of a key for a query, at key - query + P - 1.
  void attention_bias(std::span<float> out) const;
  [[nodiscard]] Norm embedding_norm() const { return norm("embeddings.LayerNorm"); }
  /// Read one at a time, so that no second copy of all of them is ever in memory.
  [[nodiscard]] LayerWeights layer(std::int64_t index) const;

 private:
  [[nodiscard]] Floats tensor(const std::string& name, std::initializer_list<std::int64_t> shape) const;
  [[nodiscard]] Norm norm(const std::string& name) const;
  [[nodiscard]] Linear linear(const std::string& name, std::int64_t outputs, std::int64_t inputs) const;
  [[nodiscard]] Linear qkv(std::span<const std::string> names) const;

  Network network_;
  std::shared_ptr<const WeightFiles> files_;
  std::string prefix_;
  StoredRows words_;
};

}  // namespace dream::model
