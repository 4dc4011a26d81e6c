#include "parts/vectors.hpp"

#include "parts/chunk_ids.hpp"
#include "parts/columns.hpp"

namespace dream::parts {

void save(state::H5Writer& file, const TextVectors& vectors) {
  write_digests(file, "text_hash", vectors.hashes);
  file.write_matrix("vector", vectors.vectors.view());
}

TextVectors load_vectors(const state::H5Reader& file) {
  return {read_digests(file, "text_hash"), file.read_matrix<float>("vector")};
}

void save(state::H5Writer& file, const Matrix& query_vectors) {
  file.write_matrix("vector", query_vectors.view());
}

Matrix load_query_vectors(const state::H5Reader& file) { return file.read_matrix<float>("vector"); }

void save(state::H5Writer& file, const ShardTable& table) { write_chunk_ids(file, "chunk", table.ids); }

ShardTable load_shard(const state::H5Reader& file) { return {read_chunk_ids(file, "chunk")}; }

}  // namespace dream::parts
