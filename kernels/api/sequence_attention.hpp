#pragma once
#include <cstdint>

#include "kernels/api/element.hpp"

namespace dream::kernels {

/// Attention as in attention.hpp, with the same meaning of qkv, out, offsets and bias, for any head size up
/// to most_head_size. Tolerance of fp32 against the reference: 1e-5 * max |value|.
struct SequenceAttention {
  const void* qkv = nullptr;              ///< (rows, 3 C)
  const std::int64_t* offsets = nullptr;  ///< (sequences + 1)
  const float* bias = nullptr;            ///< (heads, 2 P - 1); null: none
  std::int64_t positions = 0;             ///< P, where there is a bias
  std::int64_t sequences = 0;
  std::int64_t longest = 0;  ///< tokens of the longest sequence
  std::int64_t heads = 1;
  std::int64_t columns = 0;  ///< C
  void* out = nullptr;       ///< (rows, C)
};

/// What the shared memory of a GPU holds that has least of it (99 KiB: compute capability 8.6 and 8.9).
constexpr std::int64_t most_head_size = 248;

namespace reference {
void sequence_attention(const SequenceAttention& call, Element element);
}

}  // namespace dream::kernels
