#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "base/matrix.hpp"
#include "kernels/api/pool.hpp"
#include "model/encoder_weights.hpp"

namespace dream::model {

/// The function after a dense layer of a head.
enum class Squash { none, tanh, sigmoid };

/// out = squash(x W^T + b)
struct Dense {
  Linear linear;
  Squash squash;
};

/// The tensors name + ".weight" (outputs, inputs) and ".bias", copied; without a bias it is 0. Throws
/// ModelError as WeightFiles::floats() does.
[[nodiscard]] Linear copy_linear(const WeightFiles& files, const std::string& name, std::int64_t outputs,
                                 std::int64_t inputs, bool has_bias = true);

/// What follows the last layer: one sequence's rows become its vector, or its scores.
class Head {
 public:
  /// The poolings' vectors, one behind the other, go through the dense layers, which must fit.
  Head(std::int64_t hidden, std::vector<kernels::Pooling> poolings, std::vector<Dense> dense, bool normalise);

  [[nodiscard]] std::int64_t outputs() const { return outputs_; }
  /// rows: (tokens, C), at least one; the first `prompt` of them are passed over, but never the last one;
  /// out: (outputs); scratch: (scratch_size()). For several threads at once.
  void apply(MatrixView<const float> rows, std::int64_t prompt, std::span<float> out,
             std::span<float> scratch) const;
  [[nodiscard]] std::int64_t scratch_size() const { return 2 * widest_; }

  // The two steps of apply(), for rows that are pooled elsewhere.
  [[nodiscard]] std::span<const kernels::Pooling> poolings() const { return poolings_; }
  /// Of all poolings, one behind the other.
  [[nodiscard]] std::int64_t pooled_values() const { return pooled_values_; }
  /// What follows the poolings. pooled: (pooled_values()), which may be the first values of scratch or out.
  void finish(std::span<const float> pooled, std::span<float> out, std::span<float> scratch) const;

 private:
  std::vector<kernels::Pooling> poolings_;
  std::vector<Dense> dense_;
  bool normalise_;
  std::int64_t pooled_values_;
  std::int64_t outputs_;
  std::int64_t widest_;                 ///< most values between two layers
  std::vector<std::int64_t> all_rows_;  ///< 0, 1, 2, ... for the widest layer
};

}  // namespace dream::model
