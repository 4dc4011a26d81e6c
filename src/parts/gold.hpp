#pragma once
#include <vector>

#include "stages/types.hpp"
#include "state/h5.hpp"

namespace dream::parts {

/// Where the evidence of one golden question (by its place in golden order) stands.
struct QuestionGold {
  std::int64_t question = 0;
  GoldSpan gold;
};

/// The gold found in a bucket's documents.
void save(state::H5Writer& file, const std::vector<QuestionGold>& gold);
[[nodiscard]] std::vector<QuestionGold> load_gold(const state::H5Reader& file);

}  // namespace dream::parts
