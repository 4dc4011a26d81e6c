#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/api/precision.hpp"

/// Attention of every token to all tokens of its own sequence. Sequences are concatenated without padding.
/// qkv: (rows, 3 C) row-major, a row is query | key | value; out: (rows, C); C = heads * head size, and the
/// head size is a multiple of 16. Sequence s is rows [offsets[s], offsets[s + 1]); empty sequences are
/// allowed, rows after the last sequence are neither read nor written.
///   out = softmax(Q K^T / sqrt(head size) + B) V, head by head
/// B(query, key) = bias[head, key - query + P - 1], where bias is (heads, 2 P - 1) and no sequence is longer
/// than P; without a bias B is 0.
/// A sequence's result does not depend on where it stands. Tolerance of fp32 against the reference: 1e-5 *
/// max |value|.
namespace dream::kernels {

struct Attention {
  std::span<const std::int64_t> offsets;
  std::int64_t channels = 0;  ///< C
  int heads = 1;
  std::span<const float> bias{};
};

namespace reference {
void attention(const Attention& args, const float* qkv, float* out);
}
namespace cpu {
/// Bytes of scratch for sequences of at most `longest` tokens.
[[nodiscard]] std::int64_t attention_scratch(std::int64_t longest, std::int64_t head_size);
/// Elements of qkv and out: float32, or bfloat16 where the precision is bf16 or int8. scratch: 64-byte
/// aligned.
void attention(const Attention& args, Precision precision, const std::byte* qkv, std::byte* out,
               std::span<std::byte> scratch);
}  // namespace cpu

}  // namespace dream::kernels
