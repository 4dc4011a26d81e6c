#pragma once
#include <vector>

#include "stages/types.hpp"
#include "state/h5.hpp"

namespace dream::parts {

/// All chunks of one document, in ordinal order.
struct ChunkedDocument {
  Digest document;
  std::vector<Chunk> chunks;
};

/// The chunk part of a bucket, in the order of the documents' hashes.
void save(state::H5Writer& file, const std::vector<ChunkedDocument>& documents);
[[nodiscard]] std::vector<ChunkedDocument> load_chunks(const state::H5Reader& file);

}  // namespace dream::parts
