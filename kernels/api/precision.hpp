#pragma once
#include <cstdint>
#include <string_view>

/// In which numbers the encoder multiplies. Sums, norms, softmax and the residual stream are float32 in all
/// of them.
namespace dream::kernels {

enum class Precision {
  fp32,
  bf16,  ///< weights and activations rounded to bfloat16
  int8,  ///< weights 8 bits per output channel, activations 8 bits per row, scaled as they come; attention in
         ///< bf16
};

[[nodiscard]] std::string_view name_of(Precision precision);

/// One element of the matrices that attention works on.
[[nodiscard]] constexpr std::int64_t element_bytes(Precision precision) {
  return precision == Precision::fp32 ? 4 : 2;
}

/// Bytes from one row of a linear layer's input to the next: its values, and in int8 a cache line that starts
/// with the row's own scale and least value (two floats).
[[nodiscard]] constexpr std::int64_t row_bytes(Precision precision, std::int64_t columns) {
  return precision == Precision::int8 ? columns + 64 : columns * element_bytes(precision);
}

namespace cpu {
/// Whether this process can compute so: fp32 always, the others with AVX512-BF16 and AVX512-VNNI (numeric
/// class "avx512_bf16").
[[nodiscard]] bool supports(Precision precision);
}  // namespace cpu

}  // namespace dream::kernels
