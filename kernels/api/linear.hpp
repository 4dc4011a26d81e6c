#pragma once
#include <cstddef>
#include <span>

#include "base/matrix.hpp"
#include "kernels/api/activation.hpp"
#include "kernels/api/aligned.hpp"
#include "kernels/api/precision.hpp"

/// y = x W^T + b, the shape in which models store their weights.
/// x: (rows, K), W: (N, K), b: (N), y: (rows, N); row-major; y overlaps nothing else.
namespace dream::kernels {

struct LinearWeights {
  MatrixView<const float> weight;  ///< (N, K)
  std::span<const float> bias;     ///< (N)
};

/// What becomes of the sums, while they are still in registers.
enum class Then {
  store,
  gelu,  ///< this and the next two as in Activation; tolerance 2e-6 absolute for |x| <= 10
  gelu_tanh,
  relu,
  add,  ///< added to what y holds
};

[[nodiscard]] constexpr Then then_of(Activation activation) {
  return activation == Activation::gelu        ? Then::gelu
         : activation == Activation::gelu_tanh ? Then::gelu_tanh
                                               : Then::relu;
}

namespace reference {
void linear(const LinearWeights& weights, MatrixView<const float> x, MatrixView<float> y,
            Then then = Then::store);
}

namespace cpu {

/// A linear layer whose weights are packed once. Immutable: several threads may apply it. A row of y depends
/// on its row of x only, bit for bit, wherever it stands and however many rows there are. Tolerance of fp32
/// against the reference: 2^-23 * sqrt(K) * 8, relative to |x| |W|^T + |b|.
class PackedLinear {
 public:
  /// Bytes of N x K packed weights, a multiple of 64. K and N are multiples of 16.
  [[nodiscard]] static std::int64_t packed_bytes(std::int64_t outputs, std::int64_t inputs,
                                                 Precision precision);
  /// Writes them to `packed`, all packed_bytes() of them. The precision is one that supports() allows.
  static void pack(const LinearWeights& weights, Precision precision, std::byte* packed);
  /// Reads them where they lie, on a boundary of 64 bytes.
  PackedLinear(std::int64_t outputs, std::int64_t inputs, Precision precision, const std::byte* packed);
  /// Packs into memory of its own.
  PackedLinear(const LinearWeights& weights, Precision precision);

  /// x: rows of row_bytes(precision, K); y: rows of N floats for `add`, else of N elements of
  /// element_bytes(precision) (float, or bfloat16), on boundaries of 64 bytes.
  void apply(const std::byte* x, std::int64_t rows, Then then, std::byte* y) const;
  [[nodiscard]] Precision precision() const { return precision_; }
  [[nodiscard]] std::int64_t inputs() const { return inputs_; }
  [[nodiscard]] std::int64_t outputs() const { return outputs_; }

 private:
  [[nodiscard]] const float* columns() const;

  Precision precision_;
  std::int64_t inputs_, outputs_;
  AlignedBytes own_;
  /// By panels of 32 outputs, see kernels/cpu/panel-inl.hpp; then floats per output: bias; in int8 then
  /// scales, then sums of the rounded weights.
  const std::byte* packed_;
};

/// Rows of bfloat16 as the input of an int8 layer. x: (rows, C), out: rows of row_bytes(int8, C); C a
/// multiple of 32.
void quantise(const std::byte* x, std::int64_t rows, std::int64_t columns, std::byte* out);

}  // namespace cpu
}  // namespace dream::kernels
