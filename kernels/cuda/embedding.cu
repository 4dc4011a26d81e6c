// A block takes a row: word and place are added up in shared memory, normalised, written. Bound by memory, so
// the row is read once and written once, neighbouring threads on neighbouring values.
#include "kernels/cuda/device_kernels.hpp"
#include "kernels/cuda/launch.hpp"
#include "kernels/cuda/norm.hpp"

namespace dream::kernels::DREAM_BACKEND {
namespace {

template <class T>
struct EmbeddingKernel {
  Embedding call;

  DREAM_DEVICE void operator()(const Block& block) const {
    const auto c = call.columns;
    const auto r = block.x();
    auto* const row = reinterpret_cast<float*>(block.shared());
    const T* const word = static_cast<const T*>(call.words) + call.ids[r] * c;
    const float* const place = call.positions + call.places[r] * c;
    for (std::int64_t i = block.thread(); i < c; i += block.threads()) row[i] = widen(word[i]) + place[i];
    T* const rounded = call.rounded != nullptr ? static_cast<T*>(call.rounded) + r * c : nullptr;
    norm_row(block, row, c, call.norm, row + c, call.x + r * c, rounded);
  }
};

}  // namespace

void embedding(const Embedding& call, Element element, Stream stream) {
  const Shape shape{
      .x = call.rows, .threads = norm_threads(call.columns), .shared_bytes = 4 * norm_floats(call.columns)};
  with_element(element,
               [&](auto t) { launch(EmbeddingKernel<decltype(t)>{call}, "embedding", shape, stream); });
}

}  // namespace dream::kernels::DREAM_BACKEND
