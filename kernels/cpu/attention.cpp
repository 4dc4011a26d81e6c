#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/attention.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "kernels/api/attention.hpp"
#include "kernels/cpu/attention_layout.hpp"
#include "kernels/cpu/dispatch.hpp"
#include "kernels/cpu/dot512.hpp"

HWY_BEFORE_NAMESPACE();
#include "kernels/cpu/attention-inl.hpp"
#include "kernels/cpu/maths-inl.hpp"
#include "kernels/cpu/panel-inl.hpp"
namespace dream::kernels::cpu::HWY_NAMESPACE {

void attention_fp32(const Attention& args, const std::byte* qkv, std::byte* out, std::byte* scratch) {
  attention_of<Fp32>(args, qkv, out, scratch);
}

}  // namespace dream::kernels::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "base/errors.hpp"

namespace dream::kernels::cpu {
HWY_EXPORT(attention_fp32);

std::int64_t attention_scratch(std::int64_t longest, std::int64_t head_size) {
  const auto columns = attention_layout::padded(longest);
  const auto keys = head_size * columns;
  const auto values = columns * attention_layout::padded(head_size);
  return 4 * (keys + values + attention_layout::rows * columns);
}

void attention(const Attention& args, Precision precision, const std::byte* qkv, std::byte* out,
               std::span<std::byte> scratch) {
  settle_targets();
  std::int64_t longest = 0;
  for (std::size_t s = 0; s + 1 < args.offsets.size(); ++s)
    longest = std::max(longest, args.offsets[s + 1] - args.offsets[s]);
  DREAM_CHECK(
      static_cast<std::int64_t>(scratch.size()) >= attention_scratch(longest, args.channels / args.heads),
      "too little scratch");
  DREAM_CHECK(
      args.bias.empty() || 2 * longest - 1 <= static_cast<std::int64_t>(args.bias.size()) / args.heads,
      "a sequence longer than the bias reaches");
  if (precision == Precision::fp32)
    HWY_DYNAMIC_DISPATCH(attention_fp32)(args, qkv, out, scratch.data());
  else
    dot512::attention(args, qkv, out, scratch.data());
}

}  // namespace dream::kernels::cpu
#endif
