#pragma once
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "stages/types.hpp"

namespace dream::retrieve {

/// What auto-merging must know of a chunk. Ordinals of the same document; -1: there is none.
struct Relations {
  std::int32_t parent = -1;
  std::int32_t prev = -1;
  std::int32_t next = -1;
  std::int32_t children = 0;  ///< how many chunks have this one as their parent
  Digest text_hash;           ///< read for Repeats::by_text only
};

/// The relations of a chunk that was retrieved, is the neighbour of one, or an ancestor.
using ChunkLookup = std::function<Relations(const ChunkId&)>;

/// The relations of all chunks of one document, by ordinal; chunks[i].ordinal == i.
[[nodiscard]] std::vector<Relations> relations_of(std::span<const Chunk> chunks);

/// Which retrieved chunks are one and the same, so that only the best of them stays.
enum class Repeats {
  by_chunk,  ///< the same chunk
  by_text    ///< the same text in the same document, also before merging: llama-index 0.10, which DREAM ran
};

/// Replaces the retrieved chunks of one question by their parents where most of a parent was retrieved.
///
/// Repeated until nothing changes:
///   fill:  between two neighbours a, b of the list whose a.next and b.prev are the same chunk, that chunk is
///   inserted
///          with their mean score;
///   merge: where more than `threshold` of a parent's children are in the list, the parent takes their place,
///   at the
///          end of the list, with their mean score.
/// Then best first, ties by chunk id, and repeated chunks only once.
/// hits: of one question, best first. Means are taken in double, left to right; scores are rounded to float
/// once, at the end. Pure. Source: AutoMergingRetriever of llama-index-core; docs/chunking.md lists the
/// differences.
[[nodiscard]] std::vector<RetrievedChunk> auto_merge(std::vector<RetrievedChunk> hits,
                                                     const ChunkLookup& lookup, double threshold = 0.5,
                                                     Repeats repeats = Repeats::by_chunk);

}  // namespace dream::retrieve
