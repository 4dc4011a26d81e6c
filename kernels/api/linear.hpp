#pragma once
#include <memory>
#include <span>

#include "base/matrix.hpp"

/// y = x W^T + b, the shape in which models store their weights.
/// x: (rows, K), W: (N, K), b: (N), y: (rows, N); all row-major float32; y overlaps nothing else.
/// Tolerance of a backend against the reference: 2^-23 * sqrt(K) * 8, relative to |x| |W|^T + |b|.
namespace dream::kernels {

struct LinearWeights {
  MatrixView<const float> weight;  ///< (N, K)
  std::span<const float> bias;     ///< (N)
};

namespace reference {
void linear(const LinearWeights& weights, MatrixView<const float> x, MatrixView<float> y);
}

namespace cpu {

/// What one thread needs to run linear layers: memory that lives from call to call. Not for two threads at
/// once.
class LinearContext {
 public:
  LinearContext();
  ~LinearContext();
  LinearContext(LinearContext&&) noexcept;
  LinearContext& operator=(LinearContext&&) noexcept;

 private:
  friend class PackedLinear;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// The rows per call that suit this machine: few, since the last call of a tile is filled up, and such that a
/// row of y depends on its row of x only, bit for bit, wherever it stands in the call.
[[nodiscard]] int linear_rows();

/// A linear layer whose weights are packed once for a fixed number of rows per call: every call runs the same
/// code on the same shape, on one thread. Immutable; several threads may apply it, each with a context of its
/// own.
class PackedLinear {
 public:
  /// Copies the weights. rows >= 1.
  PackedLinear(const LinearWeights& weights, int rows);
  ~PackedLinear();
  PackedLinear(PackedLinear&&) noexcept;
  PackedLinear& operator=(PackedLinear&&) noexcept;

  /// x: (rows, K) and y: (rows, N), 64-byte aligned.
  void apply(LinearContext& context, const float* x, float* y) const;
  [[nodiscard]] int rows() const;
  [[nodiscard]] int inputs() const;
  [[nodiscard]] int outputs() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cpu
}  // namespace dream::kernels
