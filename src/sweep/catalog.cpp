#include "sweep/catalog.hpp"

#include "calls/endpoint.hpp"
#include "stages/chunk/chunker.hpp"
#include "stages/embed/embedder.hpp"
#include "stages/generate/extractive.hpp"
#include "stages/rerank/reranker.hpp"
#include "stages/score/metrics.hpp"

namespace dream::sweep {

config::Catalog catalog() {
  config::Catalog names;
  for (const auto& row : chunk::chunkers()) names.methods.push_back({row.info, row.check});
  for (const auto& row : embed::embedders()) names.models.push_back({row.info, true, false, false});
  for (const auto& row : rerank::rerankers()) names.models.push_back({row.info, false, false, false, true});
  names.models.push_back({generate::extractive_info(), false, true, false});
  names.models.push_back({calls::openai_kind(), true, true, true, true});
  names.searches.push_back({"grid", "every combination of [space]"});
  for (const auto& row : score::metrics()) names.metrics.push_back(row.name);
  return names;
}

}  // namespace dream::sweep
