#pragma once
#include <string>
#include <vector>

#include "stages/types.hpp"
#include "state/h5.hpp"

namespace dream::parts {

/// The search part: what every golden question retrieved, at the largest k.
void save(state::H5Writer& file, const Retrieved& retrieved);
[[nodiscard]] Retrieved load_retrieved(const state::H5Reader& file);

/// One context as the language model will read it.
struct Context {
  RetrievedChunk retrieved;
  std::string text;
  std::vector<Span> spans;  ///< where `text` stands in its document
  std::int32_t first_page = 1;
  std::int32_t last_page = 1;
};

/// The contexts of a slice of the golden questions: contexts[i] belong to question first + i, best first.
using SliceContexts = std::vector<std::vector<Context>>;
void save(state::H5Writer& file, const SliceContexts& slice);
[[nodiscard]] SliceContexts load_contexts(const state::H5Reader& file);

}  // namespace dream::parts
