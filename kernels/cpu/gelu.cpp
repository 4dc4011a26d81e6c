// erf(t) = t P(t^2) / Q(t^2) for |t| <= 3.92, where it is 1 to the last bit of a float beyond. The
// coefficients are our own minimax fit (relative error 2e-8), so no table and no exponential is needed: 12
// multiply-adds and a division.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/gelu.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/api/gelu.hpp"
#include "kernels/cpu/dispatch.hpp"

HWY_BEFORE_NAMESPACE();
namespace dream::kernels::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

constexpr float numerator[] = {1.12837915F,    0.190407605F,    0.0527488757F,
                               0.00376566509F, 0.000284883674F, 2.05007748e-06F};
constexpr float denominator[] = {1.0F,          0.502077087F,   0.114109584F,
                                 0.0149693148F, 0.00116254684F, 3.80916616e-05F};

template <class D>
hn::Vec<D> polynomial(D d, hn::Vec<D> t, const float* c) {
  auto sum = hn::Set(d, c[5]);
  sum = hn::MulAdd(sum, t, hn::Set(d, c[4]));
  sum = hn::MulAdd(sum, t, hn::Set(d, c[3]));
  sum = hn::MulAdd(sum, t, hn::Set(d, c[2]));
  sum = hn::MulAdd(sum, t, hn::Set(d, c[1]));
  return hn::MulAdd(sum, t, hn::Set(d, c[0]));
}

void gelu_all(std::span<float> x) {
  const hn::CappedTag<float, 16> d;
  const auto limit = hn::Set(d, 3.92F);
  for (std::size_t i = 0; i < x.size(); i += hn::Lanes(d)) {
    const auto v = hn::LoadU(d, x.data() + i);
    const auto t = hn::Max(hn::Neg(limit), hn::Min(limit, hn::Mul(v, hn::Set(d, 0.707106781F))));
    const auto square = hn::Mul(t, t);
    const auto erf =
        hn::Div(hn::Mul(t, polynomial(d, square, numerator)), polynomial(d, square, denominator));
    const auto half = hn::Mul(v, hn::Set(d, 0.5F));
    hn::StoreU(hn::MulAdd(half, erf, half), d, x.data() + i);
  }
}

}  // namespace dream::kernels::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dream::kernels::cpu {
HWY_EXPORT(gelu_all);
void gelu(std::span<float> x) {
  settle_targets();
  HWY_DYNAMIC_DISPATCH(gelu_all)(x);
}
}  // namespace dream::kernels::cpu
#endif
