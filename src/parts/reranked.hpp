#pragma once
#include <cstdint>
#include <vector>

#include "stages/types.hpp"
#include "state/h5.hpp"

namespace dream::parts {

/// The rerank part: the hits of a slice of the golden questions in a reranker's order.
struct Reranked {
  Retrieved retrieved;               ///< question 0 is the slice's first
  std::vector<std::int64_t> tokens;  ///< of each question: what its pairs hold, four bytes taken as one
};
void save(state::H5Writer& file, const Reranked& reranked);
[[nodiscard]] Reranked load_reranked(const state::H5Reader& file);

}  // namespace dream::parts
