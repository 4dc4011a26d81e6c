#include "model/head.hpp"

#include <algorithm>

namespace dream::model {

void Head::apply(MatrixView<const float> rows, std::int64_t prompt, std::span<float> out) const {
  const std::int64_t offsets[] = {std::min(prompt, rows.rows - 1), rows.rows};
  kernels::cpu::pool_normalise(pooling_, rows, offsets, {out.data(), 1, outputs_});
}

}  // namespace dream::model
