#pragma once
#include "kernels/api/element.hpp"
#include "kernels/cuda/block.hpp"

namespace dream::kernels::DREAM_BACKEND {

/// Elements and floats. A GPU has instructions for it, whose results are those of api/element.hpp but for
/// which bits stand for no number.
template <class T>
DREAM_DEVICE inline float widen(T x) {
#ifdef __CUDA_ARCH__
  if constexpr (sizeof(T) == 2) {
    float y;
    if constexpr (__is_same(T, Bf16))
      y = __uint_as_float(static_cast<unsigned>(x.bits) << 16U);
    else
      asm("cvt.f32.f16 %0, %1;" : "=f"(y) : "h"(x.bits));
    return y;
  } else {
    return x;
  }
#else
  return to_float(x);
#endif
}

template <class T>
DREAM_DEVICE inline T narrow(float x) {
#ifdef __CUDA_ARCH__
  if constexpr (sizeof(T) == 2) {
    T y;
    if constexpr (__is_same(T, Bf16))
      asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(y.bits) : "f"(x));
    else
      asm("cvt.rn.f16.f32 %0, %1;" : "=h"(y.bits) : "f"(x));
    return y;
  } else {
    return x;
  }
#else
  return from_float<T>(x);
#endif
}

}  // namespace dream::kernels::DREAM_BACKEND
