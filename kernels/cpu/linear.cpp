#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/linear.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "kernels/cpu/dispatch.hpp"
#include "kernels/cpu/dot512.hpp"
#include "kernels/cpu/linear_call.hpp"

HWY_BEFORE_NAMESPACE();
#include "kernels/cpu/linear-inl.hpp"
#include "kernels/cpu/maths-inl.hpp"
#include "kernels/cpu/panel-inl.hpp"
namespace dream::kernels::cpu::HWY_NAMESPACE {

void linear_fp32(const LinearCall& call) { linear<Fp32>(call); }

}  // namespace dream::kernels::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include <bit>
#include <cstring>

#include "base/errors.hpp"

namespace dream::kernels::cpu {
namespace {
HWY_EXPORT(linear_fp32);

constexpr std::int64_t panel = 32;  // columns, as in panel-inl.hpp

std::uint16_t to_bf16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  return static_cast<std::uint16_t>((bits + 0x7FFFU + ((bits >> 16U) & 1U)) >>
                                    16U);  // to nearest, ties to even
}

std::int64_t elements_per_word(Precision precision) {
  return precision == Precision::fp32 ? 1 : precision == Precision::bf16 ? 2 : 4;
}

/// Bytes of the panels of so many outputs.
std::int64_t panel_bytes(std::int64_t outputs, std::int64_t inputs, Precision precision) {
  return (outputs + panel - 1) / panel * panel * inputs / elements_per_word(precision) * 4;
}

/// One output's weights as bytes; returns the scale, and their sum.
std::pair<float, float> round_to_bytes(std::span<const float> row, std::span<std::int8_t> bytes) {
  float most = 0;
  for (const float w : row) most = std::max(most, std::abs(w));
  const float scale = most / 127.0F;
  float sum = 0;
  for (std::size_t k = 0; k < row.size(); ++k) {
    bytes[k] = static_cast<std::int8_t>(most > 0 ? std::lrint(row[k] / scale) : 0);
    sum += static_cast<float>(bytes[k]);
  }
  return {scale, sum};
}

/// Puts one output's values, in their final form, into its column of the panels.
template <class T>
void place(std::span<const T> values, std::int64_t column, std::byte* weights) {
  const auto per_word = static_cast<std::int64_t>(4 / sizeof(T));
  const auto words = static_cast<std::int64_t>(values.size()) / per_word;
  for (std::int64_t k = 0; k < words; ++k) {
    const auto word = column / panel * panel * words + k * panel + column % panel;
    std::memcpy(weights + 4 * word, values.data() + k * per_word, 4);
  }
}

}  // namespace

std::int64_t PackedLinear::packed_bytes(std::int64_t outputs, std::int64_t inputs, Precision precision) {
  return panel_bytes(outputs, inputs, precision) + 3 * outputs * static_cast<std::int64_t>(sizeof(float));
}

void PackedLinear::pack(const LinearWeights& weights, Precision precision, std::byte* packed) {
  const auto outputs = weights.weight.rows, inputs = weights.weight.cols;
  DREAM_CHECK(supports(precision),
              "linear layers in " + std::string(name_of(precision)) + " do not run here");
  DREAM_CHECK(inputs % 16 == 0 && outputs % 16 == 0, "sizes of a linear layer that are no multiples of 16");
  const auto whole = outputs / panel * panel;  // the last panel may have columns without an output
  std::fill(packed + panel_bytes(whole, inputs, precision), packed + panel_bytes(outputs, inputs, precision),
            std::byte{0});
  auto* const columns = reinterpret_cast<float*>(packed + panel_bytes(outputs, inputs, precision));
  std::fill_n(columns, 3 * outputs, 0.0F);
  std::copy(weights.bias.begin(), weights.bias.end(), columns);
  std::vector<std::uint16_t> halves(static_cast<std::size_t>(inputs));
  std::vector<std::int8_t> bytes(static_cast<std::size_t>(inputs));
  for (std::int64_t n = 0; n < outputs; ++n) {
    const auto row = weights.weight.row(n);
    if (precision == Precision::fp32) {
      place<float>(row, n, packed);
    } else if (precision == Precision::bf16) {
      std::ranges::transform(row, halves.begin(), to_bf16);
      place<std::uint16_t>(halves, n, packed);
    } else {
      const auto [scale, sum] = round_to_bytes(row, bytes);
      place<std::int8_t>(bytes, n, packed);
      columns[outputs + n] = scale;
      columns[2 * outputs + n] = sum;
    }
  }
}

PackedLinear::PackedLinear(std::int64_t outputs, std::int64_t inputs, Precision precision,
                           const std::byte* packed)
    : precision_(precision), inputs_(inputs), outputs_(outputs), packed_(packed) {}

PackedLinear::PackedLinear(const LinearWeights& weights, Precision precision)
    : precision_(precision),
      inputs_(weights.weight.cols),
      outputs_(weights.weight.rows),
      own_(packed_bytes(outputs_, inputs_, precision)),
      packed_(own_.data()) {
  pack(weights, precision, own_.data());
}

const float* PackedLinear::columns() const {
  return reinterpret_cast<const float*>(packed_ + panel_bytes(outputs_, inputs_, precision_));
}

void PackedLinear::apply(const std::byte* x, std::int64_t rows, Then then, std::byte* y) const {
  settle_targets();
  const LinearCall call{.x = x,
                        .x_stride = row_bytes(precision_, inputs_),
                        .rows = rows,
                        .inputs = inputs_,
                        .outputs = outputs_,
                        .weights = reinterpret_cast<const std::uint32_t*>(packed_),
                        .bias = columns(),
                        .scales = columns() + outputs_,
                        .weight_sums = columns() + 2 * outputs_,
                        .then = then,
                        .y = y,
                        .y_stride = outputs_ * (then == Then::add ? 4 : element_bytes(precision_))};
  if (precision_ == Precision::fp32)
    HWY_DYNAMIC_DISPATCH(linear_fp32)(call);
  else
    dot512::linear(precision_, call);
}

void quantise(const std::byte* x, std::int64_t rows, std::int64_t columns, std::byte* out) {
  dot512::quantise(x, rows, columns, out);
}

}  // namespace dream::kernels::cpu
#endif
