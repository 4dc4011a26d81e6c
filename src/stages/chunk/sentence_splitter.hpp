#pragma once
#include <cstdint>
#include <vector>

#include "stages/chunk/token_counts.hpp"

namespace dream::chunk {

/// Sizes of the chunks that split_by_sentences makes, in tokens. overlap < size.
struct SplitSizes {
  std::int64_t size = 0;
  std::int64_t overlap = 0;
};

/// Cuts `range` of a document into chunks of at most `size` tokens, whole sentences where possible, each
/// chunk repeating up to `overlap` tokens of the one before it. In text order; none is blank or has white
/// space at its ends.
///
/// What is too long is cut by the first of these that gives more than one piece: three line feeds, sentences
/// (punkt.hpp), runs up to one of `, . ; 。 ？ ！`, spaces, characters. Pieces then join greedily; a closed
/// chunk hands its last whole pieces on while their sum is within `overlap`, and of those the first ones go
/// again until the next piece fits. The tokens of a chunk are the sum over its pieces. Only a single
/// character of more than `size` tokens passes it. Source: SentenceSplitter of llama-index-core 0.14;
/// docs/chunking.md lists the differences.
[[nodiscard]] std::vector<Span> split_by_sentences(TokenCounts& counts, Span range, SplitSizes sizes);

}  // namespace dream::chunk
