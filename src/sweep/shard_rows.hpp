#pragma once
#include "stages/index/shard.hpp"
#include "sweep/run_context.hpp"

namespace dream::sweep {

/// The rows of a shard of an index node, from the chunk and embed parts of its buckets: indexed chunks in the
/// order of buckets, documents, ordinals. Local.
[[nodiscard]] index::ShardRows load_rows(const Run& run, int index_node, int shard);

}  // namespace dream::sweep
