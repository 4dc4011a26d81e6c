// To be included once for each target, inside its attributes.
#if defined(DREAM_LINEAR_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef DREAM_LINEAR_INL
#undef DREAM_LINEAR_INL
#else
#define DREAM_LINEAR_INL
#endif

#include "kernels/cpu/maths-inl.hpp"

namespace dream::kernels::cpu::HWY_NAMESPACE {
namespace {

/// The sums of a block of rows and one panel, as stored by multiply_block, become a part of y.
template <class Kind, Then then>
void finish(const LinearCall& call, const float* sums, Index first, Index rows, Index column) {
  const Floats d;
  const auto lanes = float_lanes();
  const auto width = std::min(panel_columns, call.outputs - column);
  for (Index i = 0; i < rows; ++i) {
    [[maybe_unused]] FloatVector step, least;
    if constexpr (Kind::per_word == 4) {
      const auto* own = reinterpret_cast<const float*>(call.x + (first + i) * call.x_stride + call.inputs);
      step = hn::Set(d, own[0]);
      least = hn::Set(d, own[1]);
    }
    for (Index c = 0; c < width; c += lanes) {
      auto v = Kind::kept(sums + i * panel_columns + c);
      const auto bias = hn::LoadU(d, call.bias + column + c);
      if constexpr (Kind::per_word == 4) {
        // A byte q stands for least + step * q, so the least value counts once for each weight.
        v = hn::MulAdd(least, hn::LoadU(d, call.weight_sums + column + c), hn::Mul(v, step));
        v = hn::MulAdd(v, hn::LoadU(d, call.scales + column + c), bias);
      } else {
        v = hn::Add(v, bias);
      }
      if constexpr (then == Then::gelu) v = gelu(v);
      if constexpr (then == Then::gelu_tanh) v = gelu_tanh(v);
      if constexpr (then == Then::relu) v = hn::Max(v, hn::Zero(d));
      auto* y = call.y + (first + i) * call.y_stride;
      if constexpr (then == Then::add) {
        auto* to = reinterpret_cast<float*>(y) + column + c;
        hn::StoreU(hn::Add(hn::LoadU(d, to), v), d, to);
      } else {
        Kind::store(v, y, column + c);
      }
    }
  }
}

/// A panel of the weights stays near while all rows pass by.
template <class Kind, Then then>
void linear_then(const LinearCall& call) {
  alignas(64) float sums[block_rows * panel_columns];
  const auto words = call.inputs / Kind::per_word;
  const auto* x = reinterpret_cast<const std::uint32_t*>(call.x);
  const Blocks blocks(call.rows);
  for (Index column = 0; column < call.outputs; column += panel_columns) {
    for (Index b = 0; b < blocks.count; ++b) {
      const auto first = blocks.begin(b);
      const auto rows = blocks.begin(b + 1) - first;
      multiply_of<Kind>(rows)(x + first * (call.x_stride / 4), call.x_stride / 4,
                              call.weights + column * words, words, sums, panel_columns);
      finish<Kind, then>(call, sums, first, rows, column);
    }
  }
}

template <class Kind>
void linear(const LinearCall& call) {
  switch (call.then) {
    case Then::store:
      return linear_then<Kind, Then::store>(call);
    case Then::gelu:
      return linear_then<Kind, Then::gelu>(call);
    case Then::gelu_tanh:
      return linear_then<Kind, Then::gelu_tanh>(call);
    case Then::relu:
      return linear_then<Kind, Then::relu>(call);
    case Then::add:
      return linear_then<Kind, Then::add>(call);
  }
}

}  // namespace
}  // namespace dream::kernels::cpu::HWY_NAMESPACE
#endif
