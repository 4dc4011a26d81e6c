#include "kernels/api/rescore.hpp"

#include "kernels/dot/dot.hpp"

namespace dream::kernels::reference {

void round_rows(const RoundRows& call, Element element) {
  for (std::int64_t r = 0; r < call.rows; ++r) {
    for (std::int64_t c = 0; c < call.wide; ++c) {
      const float value = c < call.columns ? call.from[r * call.columns + c] : 0.0F;
      store(element, call.to, r * call.wide + c, value);
    }
  }
}

void rescore(const Rescore& call) {
  const auto columns = static_cast<std::size_t>(call.columns);
  for (std::int64_t i = 0; i < call.queries * call.k; ++i) {
    const auto* const question = call.questions + i / call.k * call.columns;
    const Hit hit = call.hits[i];
    call.scores[i] =
        hit == 0 ? 0.0F
                 : dot_reference({question, columns},
                                 {call.vectors + std::int64_t{index_of(hit)} * call.columns, columns});
  }
}

}  // namespace dream::kernels::reference
