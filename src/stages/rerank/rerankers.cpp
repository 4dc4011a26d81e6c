#include <algorithm>
#include <array>

#include "stages/rerank/rows.hpp"

namespace dream::rerank {

std::span<const RerankerRow> rerankers() {
  static const std::array<RerankerRow, 1> rows{cross_encoder_row()};
  return rows;
}

const RerankerRow* reranker_row(std::string_view kind) {
  const auto rows = rerankers();
  const auto found = std::ranges::find(rows, kind, [](const auto& row) { return row.info.name; });
  return found == rows.end() ? nullptr : &*found;
}

}  // namespace dream::rerank
