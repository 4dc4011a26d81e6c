#include "kernels/api/residual_norm.hpp"

#include "kernels/api/layer_norm.hpp"

namespace dream::kernels::reference {

void residual_norm(const ResidualNorm& call, Element element) {
  const auto c = call.columns;
  const auto size = static_cast<std::size_t>(c);
  for (std::int64_t i = 0; i < call.rows * c; ++i) call.x[i] += load(element, call.y, i);
  layer_norm({{call.norm.scale, size}, {call.norm.shift, size}, call.norm.epsilon}, {call.x, call.rows, c});
  if (call.rounded == nullptr) return;
  for (std::int64_t i = 0; i < call.rows * c; ++i) store(element, call.rounded, i, call.x[i]);
}

}  // namespace dream::kernels::reference
