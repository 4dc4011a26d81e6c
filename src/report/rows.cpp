#include "report/rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

namespace dream::report {

std::string chunk_name(int method, const ChunkId& id) {
  return fmt::format("m{}-{}-{}", method + 1, id.document.hex().substr(0, 12), id.ordinal);
}

std::string chunk_names(int method, const std::vector<parts::Context>& contexts) {
  std::string names;
  for (const auto& context : contexts)
    names += (names.empty() ? "" : " ") + chunk_name(method, context.retrieved.chunk);
  return names;
}

std::string title_of(const Material& m, const sweep::Trial& trial) {
  const auto& method = m.config.space.methods[static_cast<std::size_t>(trial.method)];
  const auto reranker = trial.reranker == sweep::no_reranker ? "" : trial.reranker + ", ";
  return fmt::format("trial {} ({}, {}, {}top_k {}, {})", trial.number, method.name, trial.embedder, reranker,
                     trial.k, trial.llm);
}

std::vector<std::size_t> best_first(const stats::Verdict& verdict, std::size_t trials) {
  std::vector<std::size_t> order(trials);
  std::iota(order.begin(), order.end(), std::size_t{0});
  if (verdict.means.size() != trials) return order;
  const auto rank = [&](std::size_t t) { return std::isnan(verdict.means[t]) ? -1e300 : verdict.means[t]; };
  std::ranges::stable_sort(order, std::greater<>(), rank);
  return order;
}

}  // namespace dream::report
