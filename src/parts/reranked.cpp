#include "parts/reranked.hpp"

#include "parts/retrieved.hpp"

namespace dream::parts {

void save(state::H5Writer& file, const Reranked& reranked) {
  save(file, reranked.retrieved);
  file.write("tokens", std::span<const std::int64_t>(reranked.tokens));
}

Reranked load_reranked(const state::H5Reader& file) {
  return {load_retrieved(file), file.read<std::int64_t>("tokens")};
}

}  // namespace dream::parts
