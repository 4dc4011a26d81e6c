#include "sweep/shard_rows.hpp"

#include <algorithm>

#include "parts/chunks.hpp"
#include "parts/vectors.hpp"

namespace dream::sweep {

index::ShardRows load_rows(const Run& run, int index_node, int shard) {
  const auto& inputs = run.node(index_node).inputs;
  const int chunk_node = inputs.at(0);
  const int embed_node = inputs.at(1);
  index::ShardRows rows;
  for (int bucket : run.plan.shards[static_cast<std::size_t>(shard)]) {
    const auto vectors = parts::load_vectors(run.parts.open(run.key(embed_node, bucket)));
    rows.vectors.cols = vectors.vectors.cols;
    for (const auto& document : parts::load_chunks(run.parts.open(run.key(chunk_node, bucket)))) {
      for (const auto& chunk : document.chunks) {
        if (!chunk.indexed) continue;
        const auto at = std::ranges::lower_bound(vectors.hashes, chunk.text_hash) - vectors.hashes.begin();
        const auto row = vectors.vectors.row(at);
        rows.ids.push_back({document.document, chunk.ordinal});
        rows.vectors.values.insert(rows.vectors.values.end(), row.begin(), row.end());
      }
    }
  }
  rows.vectors.rows = std::ssize(rows.ids);
  return rows;
}

}  // namespace dream::sweep
