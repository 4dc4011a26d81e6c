// One head of one sequence at a time: its keys and values, packed as panels, and the scores of a block of
// queries stay in L1 and L2, and no matrix of all scores is ever written to memory. To be included once for
// each target, inside its attributes.
#if defined(DREAM_ATTENTION_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef DREAM_ATTENTION_INL
#undef DREAM_ATTENTION_INL
#else
#define DREAM_ATTENTION_INL
#endif

#include "kernels/cpu/maths-inl.hpp"

namespace dream::kernels::cpu::HWY_NAMESPACE {
namespace {

/// One head of one sequence. Rows of q, k, v are `stride` words apart.
template <class Kind>
struct Head {
  const std::uint32_t* q;
  const std::uint32_t* k;
  const std::uint32_t* v;
  Index stride;
  Index length;       ///< tokens
  Index size;         ///< channels
  const float* bias;  ///< for query i and key j at [j - i]; null: none
  [[nodiscard]] Index words() const { return size / Kind::per_word; }
  [[nodiscard]] Index padded() const { return attention_layout::padded(length); }
  /// The length in words, the last one filled up.
  [[nodiscard]] Index length_words() const { return (length + Kind::per_word - 1) / Kind::per_word; }
};

/// Keys are the columns; those past the last token are 0.
template <class Kind>
void pack_keys(const Head<Kind>& head, std::uint32_t* panels) {
  const auto words = head.words();
  for (Index j = 0; j < head.padded(); j += panel_columns, panels += words * panel_columns) {
    const auto columns = std::min(panel_columns, head.length - j);
    if (columns < panel_columns) std::fill_n(panels, words * panel_columns, 0U);
    for (Index c = 0; c < columns; ++c) {
      const auto* key = head.k + (j + c) * head.stride;
      for (Index w = 0; w < words; ++w) panels[w * panel_columns + c] = key[w];
    }
  }
}

/// Channels are the columns, tokens are what is summed over; channels past the last one are 0.
template <class Kind>
void pack_values(const Head<Kind>& head, std::uint32_t* panels) {
  const auto words = head.length_words();
  for (Index c = 0; c < head.size; c += panel_columns, panels += words * panel_columns) {
    const auto columns = std::min(panel_columns, head.size - c);
    if (columns < panel_columns) std::fill_n(panels, words * panel_columns, 0U);
    for (Index w = 0; w < words; ++w) {
      auto* to = panels + w * panel_columns;
      if constexpr (Kind::per_word == 1) {
        std::copy_n(head.v + w * head.stride + c, columns, to);
      } else {
        const auto* low = reinterpret_cast<const std::uint16_t*>(head.v + 2 * w * head.stride) + c;
        const auto* high = reinterpret_cast<const std::uint16_t*>(head.v + (2 * w + 1) * head.stride) + c;
        if (2 * w + 1 < head.length)
          for (Index i = 0; i < columns; ++i) to[i] = low[i] | static_cast<std::uint32_t>(high[i]) << 16U;
        else
          for (Index i = 0; i < columns; ++i) to[i] = low[i];
      }
    }
  }
}

/// The scores of a row become weights in place, e^(scale score + bias - most), as words of the kind; the
/// padding becomes 0 or next to it. Returns 1 / their sum.
template <class Kind>
float soften(const Head<Kind>& head, Index query, float scale, float* row) {
  const Floats d;
  const auto lanes = float_lanes();
  constexpr float log2_e = 1.442695041F;
  const auto padded = head.padded();
  if (head.bias != nullptr) {
    for (Index j = 0; j < head.length; ++j) row[j] = row[j] * scale + head.bias[j - query];
    scale = 1.0F;
  }
  std::fill(row + head.length, row + padded, -1e30F);
  auto most = hn::Set(d, -1e30F);
  for (Index j = 0; j < padded; j += lanes) most = hn::Max(most, hn::LoadU(d, row + j));
  const auto factor = hn::Set(d, scale * log2_e);
  const auto top = hn::Neg(hn::Mul(hn::MaxOfLanes(d, most), factor));
  auto sum = hn::Zero(d);
  for (Index j = 0; j < padded; j += lanes) {
    const auto e = exp2<Kind::per_word == 1>(hn::MulAdd(hn::LoadU(d, row + j), factor, top));
    sum = hn::Add(sum, e);
    Kind::store(e, reinterpret_cast<std::byte*>(row), j);  // never past what was read
  }
  return 1.0F / hn::GetLane(hn::SumOfLanes(d, sum));
}

/// out: rows of `out_stride` bytes.
template <class Kind>
void attend(const Head<Kind>& head, std::byte* out, Index out_stride, std::uint32_t* scratch) {
  const Floats d;
  const auto lanes = float_lanes();
  const auto padded = head.padded();
  const auto value_words = head.length_words();
  auto* keys = scratch;
  auto* values = keys + head.words() * padded;
  auto* scores = reinterpret_cast<float*>(values + value_words * attention_layout::padded(head.size));
  alignas(64) float sums[block_rows * panel_columns];
  pack_keys(head, keys);
  pack_values(head, values);
  const float scale = 1.0F / std::sqrt(static_cast<float>(head.size));
  const Blocks blocks(head.length);
  for (Index b = 0; b < blocks.count; ++b) {
    const auto first = blocks.begin(b);
    const auto rows = blocks.begin(b + 1) - first;
    const auto multiply = multiply_of<Kind>(rows);
    for (Index j = 0; j < padded; j += panel_columns)
      multiply(head.q + first * head.stride, head.stride, keys + j * head.words(), head.words(), scores + j,
               padded);
    float factors[block_rows];
    for (Index i = 0; i < rows; ++i) factors[i] = soften(head, first + i, scale, scores + i * padded);
    for (Index c = 0; c < head.size; c += panel_columns) {
      multiply(reinterpret_cast<const std::uint32_t*>(scores), padded, values + c * value_words, value_words,
               sums, panel_columns);
      const auto width = std::min(panel_columns, head.size - c);
      for (Index i = 0; i < rows; ++i) {
        const auto factor = hn::Set(d, factors[i]);
        for (Index k = 0; k < width; k += lanes)
          Kind::store(hn::Mul(hn::LoadU(d, sums + i * panel_columns + k), factor),
                      out + (first + i) * out_stride, c + k);
      }
    }
  }
}

template <class Kind>
void attention_of(const Attention& args, const std::byte* qkv, std::byte* out, std::byte* scratch) {
  const auto size = args.channels / args.heads;
  const auto words = args.channels / Kind::per_word;
  const auto out_stride = 4 * words;
  for (std::size_t s = 0; s + 1 < args.offsets.size(); ++s) {
    const auto begin = args.offsets[s];
    const auto* rows = reinterpret_cast<const std::uint32_t*>(qkv) + begin * 3 * words;
    for (Index h = 0; h < args.heads; ++h) {
      const auto* q = rows + h * size / Kind::per_word;
      const auto distances = static_cast<Index>(args.bias.size()) / args.heads;
      const float* bias = args.bias.empty() ? nullptr : args.bias.data() + h * distances + distances / 2;
      const Head<Kind> head{q, q + words, q + 2 * words, 3 * words, args.offsets[s + 1] - begin, size, bias};
      attend(head, out + begin * out_stride + h * size * 4 / Kind::per_word, out_stride,
             reinterpret_cast<std::uint32_t*>(scratch));
    }
  }
}

}  // namespace
}  // namespace dream::kernels::cpu::HWY_NAMESPACE
#endif
