#include "parts/stage_of.hpp"

#include <array>

namespace dream::parts {
namespace {

struct Sign {
  std::string_view stage;
  std::string_view dataset;
};

/// The first dataset that is there decides: a select part has those of search too, an embed part those of
/// query.
constexpr std::array signs{Sign{"score", "metric"},    Sign{"select", "pages"},    Sign{"search", "origin"},
                           Sign{"chunk", "links"},     Sign{"read", "page_begin"}, Sign{"gold", "bytes"},
                           Sign{"embed", "text_hash"}, Sign{"query", "vector"}};

}  // namespace

std::string_view stage_of(const state::H5Reader& part) {
  if (part.has_attribute("faiss_digest")) return "index";
  for (const auto& [stage, dataset] : signs) {
    if (part.has(dataset)) return stage;
  }
  return "other";
}

}  // namespace dream::parts
