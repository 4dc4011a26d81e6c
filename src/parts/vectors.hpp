#pragma once
#include <vector>

#include "base/matrix.hpp"
#include "stages/types.hpp"
#include "state/h5.hpp"

namespace dream::parts {

/// Vectors of distinct texts. hashes: (N), sorted; vectors: (N, D), L2-normalised, row i belongs to
/// hashes[i].
struct TextVectors {
  std::vector<Digest> hashes;
  Matrix vectors;
};

void save(state::H5Writer& file, const TextVectors& vectors);
[[nodiscard]] TextVectors load_vectors(const state::H5Reader& file);

/// Vectors in the order of a slice of the golden questions: (N, D).
void save(state::H5Writer& file, const Matrix& query_vectors);
[[nodiscard]] Matrix load_query_vectors(const state::H5Reader& file);

/// The rows of a shard's index, in index order: label i of the .faiss file is chunk ids[i].
struct ShardTable {
  std::vector<ChunkId> ids;
};
void save(state::H5Writer& file, const ShardTable& table);
[[nodiscard]] ShardTable load_shard(const state::H5Reader& file);

}  // namespace dream::parts
