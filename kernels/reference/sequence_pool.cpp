#include "kernels/api/sequence_pool.hpp"

#include <algorithm>

namespace dream::kernels::reference {

void sequence_pool(const SequencePool& call) {
  for (std::int64_t s = 0; s < call.sequences; ++s) {
    const auto begin = call.offsets[s];
    const auto rows = call.offsets[s + 1] - begin;
    const std::span out(call.out + s * call.stride, static_cast<std::size_t>(call.columns));
    if (rows == 0)
      std::ranges::fill(out, 0.0F);
    else
      pool(call.pooling, {call.x + begin * call.columns, rows, call.columns}, std::min(call.prompt, rows - 1),
           out);
  }
}

void normalise_rows(const NormaliseRows& call) {
  for (std::int64_t r = 0; r < call.rows; ++r)
    normalise({call.x + r * call.columns, static_cast<std::size_t>(call.columns)});
}

}  // namespace dream::kernels::reference
