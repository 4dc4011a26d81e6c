#include "kernels/api/sequence_attention.hpp"

#include <vector>

#include "kernels/api/attention.hpp"

namespace dream::kernels::reference {

void sequence_attention(const SequenceAttention& call, Element element) {
  const auto rows = call.offsets[call.sequences];
  std::vector<float> qkv(static_cast<std::size_t>(rows * 3 * call.columns));
  for (std::size_t i = 0; i < qkv.size(); ++i) qkv[i] = load(element, call.qkv, static_cast<std::int64_t>(i));
  std::vector<float> out(static_cast<std::size_t>(rows * call.columns));
  const auto bias = call.bias != nullptr ? call.heads * (2 * call.positions - 1) : 0;
  attention({{call.offsets, static_cast<std::size_t>(call.sequences + 1)},
             call.columns,
             static_cast<int>(call.heads),
             {call.bias, static_cast<std::size_t>(bias)}},
            qkv.data(), out.data());
  // Rows before the first sequence are not its business.
  for (auto i = call.offsets[0] * call.columns; i < std::ssize(out); ++i)
    store(element, call.out, i, out[static_cast<std::size_t>(i)]);
}

}  // namespace dream::kernels::reference
