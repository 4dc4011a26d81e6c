// A block takes up to 1024 values of a row, so that a value's bias needs no division. cuBLASLt's own GELU is
// the approximation by tanh; models that were trained with the exact one come here.
#include <cmath>

#include "kernels/cuda/device_kernels.hpp"
#include "kernels/cuda/launch.hpp"
#include "kernels/cuda/number.hpp"

namespace dream::kernels::DREAM_BACKEND {
namespace {

constexpr std::int64_t values_per_block = 1024;

DREAM_DEVICE inline float activated(Activation activation, float x) {
  if (activation == Activation::relu) return x > 0.0F ? x : 0.0F;
  if (activation == Activation::gelu) return 0.5F * x * (1.0F + erff(x * 0.70710678F));
  return 0.5F * x * (1.0F + tanhf(0.79788456F * (x + 0.044715F * x * x * x)));
}

template <class T>
struct ActivateKernel {
  Activate call;

  DREAM_DEVICE void operator()(const Block& block) const {
    T* const row = static_cast<T*>(call.y) + block.x() * call.columns;
    const auto begin = block.y() * values_per_block;
    const auto end = begin + values_per_block < call.columns ? begin + values_per_block : call.columns;
    for (auto c = begin + block.thread(); c < end; c += block.threads()) {
      const float bias = call.bias != nullptr ? call.bias[c] : 0.0F;
      row[c] = narrow<T>(activated(call.activation, widen(row[c]) + bias));
    }
  }
};

}  // namespace

void activate(const Activate& call, Element element, Stream stream) {
  const Shape shape{.x = call.rows, .y = blocks_for(call.columns, values_per_block), .threads = 256};
  with_element(element,
               [&](auto t) { launch(ActivateKernel<decltype(t)>{call}, "activate", shape, stream); });
}

}  // namespace dream::kernels::DREAM_BACKEND
