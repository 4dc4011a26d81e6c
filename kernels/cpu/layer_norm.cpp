// Three passes over a row that stays in L1: sum, squared deviations, result. The one-pass formula (mean of
// squares minus square of the mean) loses digits when the mean is large, and saves nothing here.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/layer_norm.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <cmath>

#include "kernels/api/layer_norm.hpp"
#include "kernels/cpu/dispatch.hpp"

HWY_BEFORE_NAMESPACE();
namespace dream::kernels::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

void norm_row(const LayerNorm& norm, const float* added, float* x, std::size_t size) {
  const hn::CappedTag<float, 16> d;
  const auto step = hn::Lanes(d);
  auto sum = hn::Zero(d);
  for (std::size_t i = 0; i < size; i += step) {
    auto v = hn::LoadU(d, x + i);
    if (added != nullptr) {
      v = hn::Add(v, hn::LoadU(d, added + i));
      hn::StoreU(v, d, x + i);
    }
    sum = hn::Add(sum, v);
  }
  const auto mean = hn::Set(d, hn::GetLane(hn::SumOfLanes(d, sum)) / static_cast<float>(size));
  auto squares = hn::Zero(d);
  for (std::size_t i = 0; i < size; i += step) {
    const auto off = hn::Sub(hn::LoadU(d, x + i), mean);
    squares = hn::MulAdd(off, off, squares);
  }
  const float variance = hn::GetLane(hn::SumOfLanes(d, squares)) / static_cast<float>(size);
  const auto factor = hn::Set(d, 1.0F / std::sqrt(variance + norm.epsilon));
  for (std::size_t i = 0; i < size; i += step) {
    const auto off = hn::Mul(hn::Sub(hn::LoadU(d, x + i), mean), factor);
    hn::StoreU(hn::MulAdd(off, hn::LoadU(d, norm.scale.data() + i), hn::LoadU(d, norm.shift.data() + i)), d,
               x + i);
  }
}

void norm_all(const LayerNorm& norm, MatrixView<const float> added, MatrixView<float> x) {
  for (std::int64_t r = 0; r < x.rows; ++r) {
    const float* add = added.data == nullptr ? nullptr : added.data + r * added.cols;
    norm_row(norm, add, x.data + r * x.cols, static_cast<std::size_t>(x.cols));
  }
}

}  // namespace dream::kernels::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dream::kernels::cpu {
HWY_EXPORT(norm_all);
void layer_norm(const LayerNorm& norm, MatrixView<const float> added, MatrixView<float> x) {
  settle_targets();
  HWY_DYNAMIC_DISPATCH(norm_all)(norm, added, x);
}
}  // namespace dream::kernels::cpu
#endif
