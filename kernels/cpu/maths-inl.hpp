// Functions of vectors. To be included once for each target, inside its attributes.
#if defined(DREAM_MATHS_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef DREAM_MATHS_INL
#undef DREAM_MATHS_INL
#else
#define DREAM_MATHS_INL
#endif

#include "kernels/cpu/panel-inl.hpp"

namespace dream::kernels::cpu::HWY_NAMESPACE {
namespace {

template <int N>
FloatVector polynomial(FloatVector t, const float (&c)[N]) {
  auto sum = hn::Set(Floats(), c[N - 1]);
#pragma GCC unroll 8
  for (int i = N - 2; i >= 0; --i) sum = hn::MulAdd(sum, t, hn::Set(Floats(), c[i]));
  return sum;
}

/// 2^t for t <= 0, and 2^-126 for all below that. Our own minimax fits on [-1/2, 1/2]: relative error 2e-8
/// before rounding; 8e-5 where the result is rounded to bfloat16.
template <bool Fine>
FloatVector exp2(FloatVector t) {
  const Floats d;
  const hn::RebindToSigned<Floats> di;
  t = hn::Max(t, hn::Set(d, -126.0F));
  const auto whole = hn::Round(t);
  const auto part = hn::Sub(t, whole);
  constexpr float fine[] = {1.0F,           0.69314718246F, 0.24022646248F, 0.05550328642F,
                            0.00961848907F, 0.00133999309F, 0.000153458108F};
  constexpr float coarse[] = {0.99992805719F, 0.69326096773F, 0.24261114001F, 0.05517166108F};
  FloatVector p;
  if constexpr (Fine)
    p = polynomial(part, fine);
  else
    p = polynomial(part, coarse);
  const auto exponent = hn::ShiftLeft<23>(hn::ConvertTo(di, whole));
  return hn::BitCast(d, hn::Add(hn::BitCast(di, p), exponent));
}

/// erf(t) = t P(t^2) / Q(t^2) for |t| <= 3.92, where it is 1 to the last bit of a float beyond. The
/// coefficients are our own minimax fit (relative error 2e-8), so no table and no exponential is needed.
inline FloatVector gelu(FloatVector v) {
  constexpr float numerator[] = {1.12837915F,    0.190407605F,    0.0527488757F,
                                 0.00376566509F, 0.000284883674F, 2.05007748e-06F};
  constexpr float denominator[] = {1.0F,          0.502077087F,   0.114109584F,
                                   0.0149693148F, 0.00116254684F, 3.80916616e-05F};
  const Floats d;
  const auto limit = hn::Set(d, 3.92F);
  const auto t = hn::Max(hn::Neg(limit), hn::Min(limit, hn::Mul(v, hn::Set(d, 0.707106781F))));
  const auto square = hn::Mul(t, t);
  const auto erf = hn::Div(hn::Mul(t, polynomial(square, numerator)), polynomial(square, denominator));
  const auto half = hn::Mul(v, hn::Set(d, 0.5F));
  return hn::MulAdd(half, erf, half);
}

/// x / (1 + e^(-2 u)), u = sqrt(2 / pi) (x + 0.044715 x^3); the exponential is taken of -|2 u|.
inline FloatVector gelu_tanh(FloatVector x) {
  const Floats d;
  const auto cube = hn::Mul(hn::Mul(x, x), x);
  const auto u = hn::Mul(hn::Set(d, 0.7978845608F), hn::MulAdd(cube, hn::Set(d, 0.044715F), x));
  const auto small = exp2<true>(hn::Mul(hn::Abs(u), hn::Set(d, -2.885390082F)));  // e^-|2u|
  const auto one = hn::Set(d, 1.0F);
  const auto share = hn::Div(one, hn::Add(one, small));  // for u >= 0; below, it is small times that
  return hn::Mul(x, hn::IfThenElse(hn::Lt(u, hn::Zero(d)), hn::Mul(small, share), share));
}

}  // namespace
}  // namespace dream::kernels::cpu::HWY_NAMESPACE
#endif
