#pragma once
#include <utility>
#include <vector>

#include "golden/gold.hpp"
#include "state/h5.hpp"

namespace dream::parts {

/// What a bucket's documents hold of the golden passages, and how long the documents are, for whole-document
/// gold.
struct GoldPart {
  std::vector<golden::GoldHit> hits;
  std::vector<std::pair<Digest, std::int64_t>> sizes;  ///< document, bytes of its text
};

void save(state::H5Writer& file, const GoldPart& part);
[[nodiscard]] GoldPart load_gold(const state::H5Reader& file);

}  // namespace dream::parts
