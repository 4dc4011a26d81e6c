#include "kernels/api/activate.hpp"

#include "kernels/api/linear.hpp"

namespace dream::kernels::reference {

void activate(const Activate& call, Element element) {
  // A linear layer of one input, whose weight is 1.
  const float one = 1;
  for (std::int64_t i = 0; i < call.rows * call.columns; ++i) {
    const float bias = call.bias != nullptr ? call.bias[i % call.columns] : 0;
    const float x = load(element, call.y, i);
    float y = 0;
    linear({{&one, 1, 1}, {&bias, 1}}, {&x, 1, 1}, {&y, 1, 1}, then_of(call.activation));
    store(element, call.y, i, y);
  }
}

}  // namespace dream::kernels::reference
