#include "stages/chunk/token_counts.hpp"

namespace dream::chunk {

std::int64_t TokenCounts::operator()(Span range) {
  const auto piece = text(range);
  // A long word is cut into characters: those are kept by what they are, or the map would outgrow the
  // document.
  if (piece.size() <= 4) {
    const auto [place, is_new] = characters_.try_emplace(piece, 0);
    if (is_new) place->second = tokenizer_->count(piece);
    return place->second;
  }
  const auto [place, is_new] = ranges_.try_emplace(range, 0);
  if (is_new) place->second = tokenizer_->count(piece);
  return place->second;
}

}  // namespace dream::chunk
