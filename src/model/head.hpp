#pragma once
#include <cstdint>
#include <span>

#include "base/matrix.hpp"
#include "kernels/api/pool_normalise.hpp"

namespace dream::model {

/// What follows the last layer: one sequence's rows become its vector.
class Head {
 public:
  Head(kernels::Pooling pooling, std::int64_t hidden) : pooling_(pooling), outputs_(hidden) {}

  [[nodiscard]] std::int64_t outputs() const { return outputs_; }
  /// rows: (tokens, C), at least one; the first `prompt` of them are passed over, but never the last one;
  /// out: (outputs). For several threads at once.
  void apply(MatrixView<const float> rows, std::int64_t prompt, std::span<float> out) const;

 private:
  kernels::Pooling pooling_;
  std::int64_t outputs_;
};

}  // namespace dream::model
