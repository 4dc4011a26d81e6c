// Three passes over a row that stays in L1: sum, squared deviations, result. The one-pass formula (mean of
// squares minus square of the mean) loses digits when the mean is large, and saves nothing here. To be
// included once for each target, inside its attributes.
#if defined(DREAM_LAYER_NORM_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef DREAM_LAYER_NORM_INL
#undef DREAM_LAYER_NORM_INL
#else
#define DREAM_LAYER_NORM_INL
#endif

#include "kernels/cpu/panel-inl.hpp"

namespace dream::kernels::cpu::HWY_NAMESPACE {
namespace {

/// The rounded row for a layer of floats is the row itself.
struct NoRounding {
  void operator()(const float*, Index, Index) const {}
};

template <class Rounding>
void norm_rows(const LayerNorm& norm, MatrixView<float> x, Rounding rounding) {
  const Floats d;
  const auto step = float_lanes();
  for (Index r = 0; r < x.rows; ++r) {
    float* row = x.data + r * x.cols;
    auto sum = hn::Zero(d);
    for (Index i = 0; i < x.cols; i += step) sum = hn::Add(sum, hn::LoadU(d, row + i));
    const auto mean = hn::Set(d, hn::GetLane(hn::SumOfLanes(d, sum)) / static_cast<float>(x.cols));
    auto squares = hn::Zero(d);
    for (Index i = 0; i < x.cols; i += step) {
      const auto off = hn::Sub(hn::LoadU(d, row + i), mean);
      squares = hn::MulAdd(off, off, squares);
    }
    const float variance = hn::GetLane(hn::SumOfLanes(d, squares)) / static_cast<float>(x.cols);
    const auto factor = hn::Set(d, 1.0F / std::sqrt(variance + norm.epsilon));
    for (Index i = 0; i < x.cols; i += step) {
      const auto off = hn::Mul(hn::Sub(hn::LoadU(d, row + i), mean), factor);
      hn::StoreU(hn::MulAdd(off, hn::LoadU(d, norm.scale.data() + i), hn::LoadU(d, norm.shift.data() + i)), d,
                 row + i);
    }
    rounding(row, x.cols, r);
  }
}

}  // namespace
}  // namespace dream::kernels::cpu::HWY_NAMESPACE
#endif
