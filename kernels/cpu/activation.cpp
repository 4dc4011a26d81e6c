#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/activation.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "hwy/contrib/math/math-inl.h"
#include "kernels/api/activation.hpp"
#include "kernels/api/gelu.hpp"
#include "kernels/cpu/dispatch.hpp"

HWY_BEFORE_NAMESPACE();
namespace dream::kernels::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

void relu_all(std::span<float> x) {
  const hn::CappedTag<float, 16> d;
  for (std::size_t i = 0; i < x.size(); i += hn::Lanes(d))
    hn::StoreU(hn::Max(hn::LoadU(d, x.data() + i), hn::Zero(d)), d, x.data() + i);
}

void gelu_tanh_all(std::span<float> x) {
  const hn::CappedTag<float, 16> d;
  for (std::size_t i = 0; i < x.size(); i += hn::Lanes(d)) {
    const auto v = hn::LoadU(d, x.data() + i);
    const auto cubic = hn::MulAdd(hn::Mul(hn::Mul(v, v), v), hn::Set(d, 0.0356774081F),
                                  hn::Mul(v, hn::Set(d, 0.797884561F)));
    const auto half = hn::Mul(v, hn::Set(d, 0.5F));
    hn::StoreU(hn::MulAdd(half, hn::Tanh(d, cubic), half), d, x.data() + i);
  }
}

}  // namespace dream::kernels::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dream::kernels::cpu {
HWY_EXPORT(relu_all);
HWY_EXPORT(gelu_tanh_all);
void activate(Activation activation, std::span<float> x) {
  settle_targets();
  switch (activation) {
    case Activation::gelu:
      return gelu(x);
    case Activation::gelu_tanh:
      return HWY_DYNAMIC_DISPATCH(gelu_tanh_all)(x);
    case Activation::relu:
      return HWY_DYNAMIC_DISPATCH(relu_all)(x);
  }
}
}  // namespace dream::kernels::cpu
#endif
