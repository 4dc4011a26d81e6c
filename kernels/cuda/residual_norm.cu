// A block takes a row: what a layer gave is added to the residual stream in shared memory, normalised, and
// written as the stream and as the next layer's input. Bound by memory: each value moves once.
#include "kernels/cuda/device_kernels.hpp"
#include "kernels/cuda/launch.hpp"
#include "kernels/cuda/norm.hpp"

namespace dream::kernels::DREAM_BACKEND {
namespace {

template <class T>
struct ResidualNormKernel {
  ResidualNorm call;

  DREAM_DEVICE void operator()(const Block& block) const {
    const auto c = call.columns;
    const auto first = block.x() * c;
    auto* const row = reinterpret_cast<float*>(block.shared());
    float* const x = call.x + first;
    const T* const y = static_cast<const T*>(call.y) + first;
    for (std::int64_t i = block.thread(); i < c; i += block.threads()) row[i] = x[i] + widen(y[i]);
    T* const rounded = call.rounded != nullptr ? static_cast<T*>(call.rounded) + first : nullptr;
    norm_row(block, row, c, call.norm, row + c, x, rounded);
  }
};

}  // namespace

void residual_norm(const ResidualNorm& call, Element element, Stream stream) {
  const Shape shape{
      .x = call.rows, .threads = norm_threads(call.columns), .shared_bytes = 4 * norm_floats(call.columns)};
  with_element(element, [&](auto t) {
    launch(ResidualNormKernel<decltype(t)>{call}, "residual_norm", shape, stream);
  });
}

}  // namespace dream::kernels::DREAM_BACKEND
