#pragma once
#include "parts/columns.hpp"
#include "stages/types.hpp"

namespace dream::parts {

/// Chunk ids as two columns: <name>/document (N, 16) and <name>/ordinal (N).
inline void write_chunk_ids(state::H5Writer& file, const std::string& name, std::span<const ChunkId> ids) {
  std::vector<Digest> documents;
  std::vector<std::int32_t> ordinals;
  for (const auto& id : ids) {
    documents.push_back(id.document);
    ordinals.push_back(id.ordinal);
  }
  write_digests(file, name + "/document", documents);
  file.write(name + "/ordinal", std::span<const std::int32_t>(ordinals));
}

[[nodiscard]] inline std::vector<ChunkId> read_chunk_ids(const state::H5Reader& file,
                                                         const std::string& name) {
  const auto documents = read_digests(file, name + "/document");
  const auto ordinals = file.read<std::int32_t>(name + "/ordinal");
  std::vector<ChunkId> ids(documents.size());
  for (std::size_t i = 0; i < ids.size(); ++i) ids[i] = {documents[i], ordinals[i]};
  return ids;
}

}  // namespace dream::parts
