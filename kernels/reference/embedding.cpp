#include "kernels/api/embedding.hpp"

#include <algorithm>

#include "kernels/api/layer_norm.hpp"

namespace dream::kernels::reference {

void embedding(const Embedding& call, Element element) {
  const auto c = call.columns;
  const auto size = static_cast<std::size_t>(c);
  for (std::int64_t r = 0; r < call.rows; ++r) {
    for (std::int64_t i = 0; i < c; ++i) {
      call.x[r * c + i] =
          load(element, call.words, call.ids[r] * c + i) + call.positions[call.places[r] * c + i];
    }
  }
  layer_norm({{call.norm.scale, size}, {call.norm.shift, size}, call.norm.epsilon}, {call.x, call.rows, c});
  if (call.rounded == nullptr) return;
  for (std::int64_t i = 0; i < call.rows * c; ++i) store(element, call.rounded, i, call.x[i]);
}

}  // namespace dream::kernels::reference
