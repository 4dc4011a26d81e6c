#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/layer_norm.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <cmath>
#include <utility>

#include "kernels/cpu/dispatch.hpp"
#include "kernels/cpu/dot512.hpp"

HWY_BEFORE_NAMESPACE();
#include "kernels/cpu/layer_norm-inl.hpp"
#include "kernels/cpu/panel-inl.hpp"
namespace dream::kernels::cpu::HWY_NAMESPACE {

void layer_norm_fp32(const LayerNorm& norm, MatrixView<float> x) { norm_rows(norm, x, NoRounding()); }

}  // namespace dream::kernels::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dream::kernels::cpu {
HWY_EXPORT(layer_norm_fp32);

void layer_norm(const LayerNorm& norm, MatrixView<float> x, Precision precision, std::byte* rounded) {
  settle_targets();
  if (precision == Precision::fp32)
    HWY_DYNAMIC_DISPATCH(layer_norm_fp32)(norm, x);
  else
    dot512::layer_norm(norm, x, precision, rounded);
}

}  // namespace dream::kernels::cpu
#endif
