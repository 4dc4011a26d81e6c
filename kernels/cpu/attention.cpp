// One head of one sequence at a time: its keys, transposed, and a block of score rows stay in L1 and L2, and
// no matrix of all scores is ever written to memory. Both products run with a block of queries in registers,
// so that each load of a key or value serves all of them.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/attention.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <algorithm>
#include <cmath>

#include "hwy/contrib/math/math-inl.h"
#include "kernels/api/attention.hpp"
#include "kernels/cpu/attention_layout.hpp"
#include "kernels/cpu/dispatch.hpp"

HWY_BEFORE_NAMESPACE();
namespace dream::kernels::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
using Index = std::int64_t;

// Two vectors for each query of a block, plus two loads and a broadcast, fill the registers.
#if HWY_TARGET == HWY_AVX3
constexpr Index block = 8;
#else
constexpr Index block = 4;
#endif

/// One head of one sequence. Rows of q, k, v are `stride` floats apart.
struct Head {
  const float* q;
  const float* k;
  const float* v;
  Index stride;
  Index length;       ///< tokens
  Index padded;       ///< the same, up to a multiple of attention_layout::columns
  Index size;         ///< channels
  const float* bias;  ///< that of distance 0; null: none
};

/// keys: (size, padded), scaled; the columns past the last token are 0.
void transpose_keys(const Head& head, float scale, float* keys) {
  for (Index c = 0; c < head.size; ++c)
    std::fill(keys + c * head.padded + head.length, keys + (c + 1) * head.padded, 0.0F);
  constexpr Index tile = 16;
  for (Index j = 0; j < head.length; j += tile) {
    const auto end = std::min(j + tile, head.length);
    for (Index c = 0; c < head.size; ++c) {
      for (auto i = j; i < end; ++i) keys[c * head.padded + i] = head.k[i * head.stride + c] * scale;
    }
  }
}

/// scores: (block, padded) = queries (block, size) * keys (size, padded).
void score(const float* queries, const float* keys, const Head& head, float* scores) {
  const hn::CappedTag<float, 16> d;
  const auto lanes = static_cast<Index>(hn::Lanes(d));
  for (Index j = 0; j < head.padded; j += 2 * lanes) {
    hn::Vec<decltype(d)> sum[block][2];
#pragma GCC unroll 8
    for (Index i = 0; i < block; ++i) sum[i][0] = sum[i][1] = hn::Zero(d);
    for (Index c = 0; c < head.size; ++c) {
      const auto k0 = hn::Load(d, keys + c * head.padded + j);
      const auto k1 = hn::Load(d, keys + c * head.padded + j + lanes);
#pragma GCC unroll 8
      for (Index i = 0; i < block; ++i) {
        const auto q = hn::Set(d, queries[i * head.size + c]);
        sum[i][0] = hn::MulAdd(q, k0, sum[i][0]);
        sum[i][1] = hn::MulAdd(q, k1, sum[i][1]);
      }
    }
#pragma GCC unroll 8
    for (Index i = 0; i < block; ++i) {
      hn::Store(sum[i][0], d, scores + i * head.padded + j);
      hn::Store(sum[i][1], d, scores + i * head.padded + j + lanes);
    }
  }
}

/// row = exp(row - max(row)), the padding 0; returns 1 / sum(row).
float soften(const Head& head, float* row) {
  const hn::CappedTag<float, 16> d;
  const auto lanes = static_cast<Index>(hn::Lanes(d));
  std::fill(row + head.length, row + head.padded, -1e30F);
  auto most = hn::Set(d, -1e30F);
  for (Index j = 0; j < head.padded; j += lanes) most = hn::Max(most, hn::Load(d, row + j));
  most = hn::MaxOfLanes(d, most);
  auto sum = hn::Zero(d);
  for (Index j = 0; j < head.padded; j += lanes) {
    const auto e = hn::Exp(d, hn::Sub(hn::Load(d, row + j), most));
    sum = hn::Add(sum, e);
    hn::Store(e, d, row + j);
  }
  return 1.0F / hn::GetLane(hn::SumOfLanes(d, sum));
}

/// out (rows, Vectors vectors wide, `out_stride` apart) = weights (block, padded) * v, each row times its
/// factor.
template <int Vectors>
void mix(const float* weights, const float* factors, const Head& head, const float* v, Index rows, float* out,
         Index out_stride) {
  const hn::CappedTag<float, 16> d;
  const auto lanes = static_cast<Index>(hn::Lanes(d));
  hn::Vec<decltype(d)> sum[block][Vectors];
#pragma GCC unroll 8
  for (Index i = 0; i < block; ++i) {
#pragma GCC unroll 2
    for (int n = 0; n < Vectors; ++n) sum[i][n] = hn::Zero(d);
  }
  for (Index j = 0; j < head.length; ++j) {
    hn::Vec<decltype(d)> value[Vectors];
#pragma GCC unroll 2
    for (int n = 0; n < Vectors; ++n) value[n] = hn::LoadU(d, v + j * head.stride + n * lanes);
#pragma GCC unroll 8
    for (Index i = 0; i < block; ++i) {
      const auto weight = hn::Set(d, weights[i * head.padded + j]);
#pragma GCC unroll 2
      for (int n = 0; n < Vectors; ++n) sum[i][n] = hn::MulAdd(weight, value[n], sum[i][n]);
    }
  }
#pragma GCC unroll 8
  for (Index i = 0; i < block; ++i) {
    if (i >= rows) break;
    const auto factor = hn::Set(d, factors[i]);
#pragma GCC unroll 2
    for (int n = 0; n < Vectors; ++n)
      hn::StoreU(hn::Mul(sum[i][n], factor), d, out + i * out_stride + n * lanes);
  }
}

void attend(const Head& head, float* out, Index out_stride, float* scratch) {
  const hn::CappedTag<float, 16> d;
  const auto lanes = static_cast<Index>(hn::Lanes(d));
  float* keys = scratch;
  float* scores = keys + head.size * head.padded;
  float* queries = scores + attention_layout::block * head.padded;
  transpose_keys(head, 1.0F / std::sqrt(static_cast<float>(head.size)), keys);
  for (Index first = 0; first < head.length; first += block) {
    const auto rows = std::min(block, head.length - first);
    // A last block is filled up with queries of 0, whose results nobody stores.
    for (Index i = 0; i < block; ++i) {
      const float* from = head.q + (first + i) * head.stride;
      if (i < rows)
        std::copy(from, from + head.size, queries + i * head.size);
      else
        std::fill(queries + i * head.size, queries + (i + 1) * head.size, 0.0F);
    }
    score(queries, keys, head, scores);
    float factors[block];
    for (Index i = 0; head.bias != nullptr && i < rows; ++i) {
      const float* bias = head.bias - (first + i);
      for (Index j = 0; j < head.length; ++j) scores[i * head.padded + j] += bias[j];
    }
    for (Index i = 0; i < block; ++i) factors[i] = soften(head, scores + i * head.padded);
    Index c = 0;
    for (; c + 2 * lanes <= head.size; c += 2 * lanes)
      mix<2>(scores, factors, head, head.v + c, rows, out + first * out_stride + c, out_stride);
    for (; c < head.size; c += lanes)
      mix<1>(scores, factors, head, head.v + c, rows, out + first * out_stride + c, out_stride);
  }
}

void attend_all(const Attention& args, MatrixView<float> out, std::span<float> scratch) {
  const auto size = out.cols / args.heads;
  const auto width = static_cast<Index>(args.bias.size()) / args.heads;  // 2 P - 1
  for (std::size_t s = 0; s + 1 < args.offsets.size(); ++s) {
    const auto begin = args.offsets[s];
    const auto length = args.offsets[s + 1] - begin;
    for (Index h = 0; h < args.heads; ++h) {
      const float* q = args.qkv.data + begin * args.qkv.cols + h * size;
      const float* bias = width == 0 ? nullptr : args.bias.data() + h * width + width / 2;
      const Head head{
          q,    q + out.cols, q + 2 * out.cols, args.qkv.cols, length, attention_layout::padded(length),
          size, bias};
      attend(head, out.data + begin * out.cols + h * size, out.cols, scratch.data());
    }
  }
}

}  // namespace dream::kernels::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "base/errors.hpp"

namespace dream::kernels::cpu {
HWY_EXPORT(attend_all);

std::int64_t attention_scratch(std::int64_t longest, std::int64_t head_size) {
  const auto padded = attention_layout::padded(longest);
  return head_size * padded + attention_layout::block * padded + attention_layout::block * head_size;
}

void attention(const Attention& args, MatrixView<float> out, std::span<float> scratch) {
  settle_targets();
  std::int64_t longest = 0;
  for (std::size_t s = 0; s + 1 < args.offsets.size(); ++s)
    longest = std::max(longest, args.offsets[s + 1] - args.offsets[s]);
  DREAM_CHECK(static_cast<std::int64_t>(scratch.size()) >= attention_scratch(longest, out.cols / args.heads),
              "too little scratch");
  DREAM_CHECK(
      args.bias.empty() || static_cast<std::int64_t>(args.bias.size()) >= args.heads * (2 * longest - 1),
      "an attention bias for shorter sequences");
  HWY_DYNAMIC_DISPATCH(attend_all)(args, out, scratch);
}

}  // namespace dream::kernels::cpu
#endif
