#include <algorithm>
#include <array>

#include "stages/embed/rows.hpp"

namespace dream::embed {

std::span<const EmbedderRow> embedders() {
  static const std::array<EmbedderRow, 2> rows{transformer_row(), hash_row()};
  return rows;
}

const EmbedderRow* embedder_row(std::string_view kind) {
  const auto rows = embedders();
  const auto found =
      std::find_if(rows.begin(), rows.end(), [&](const auto& row) { return row.info.name == kind; });
  return found == rows.end() ? nullptr : &*found;
}

}  // namespace dream::embed
