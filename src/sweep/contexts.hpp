#pragma once
#include <span>
#include <vector>

#include "parts/retrieved.hpp"
#include "sweep/run_context.hpp"

/// Hits lie anywhere in the corpus, and their texts lie in buckets.
namespace dream::sweep {

/// The chunks that each question of a slice gets, best first.
using Chosen = std::vector<std::vector<RetrievedChunk>>;

/// The first k hits of the questions [begin, end).
[[nodiscard]] Chosen hits_of(const Retrieved& retrieved, std::int64_t begin, std::int64_t end,
                             std::int64_t k);

/// The index in Plan::buckets of the bucket that a document lies in.
[[nodiscard]] std::size_t bucket_of(const Run& run, const Digest& document);

/// The contexts of each of `chosen`, which one chunking made; a bucket is read once for all of them. Local.
[[nodiscard]] std::vector<parts::SliceContexts> make_contexts(const Run& run, int read_node, int chunk_node,
                                                              std::span<const Chosen> chosen);

}  // namespace dream::sweep
