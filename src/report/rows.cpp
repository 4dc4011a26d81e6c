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

std::string mark_of(const stats::Verdict& verdict, std::size_t trial) {
  const auto at = static_cast<int>(trial);
  if (at == verdict.winner) return "best";
  if (std::ranges::count(verdict.ties, at) > 0) return "tie";
  return std::ranges::count(verdict.set_aside, at) > 0 ? "set aside" : "";
}

stats::PairedComparison estimate(std::span<const double> scores, std::span<const std::int32_t> clusters,
                                 std::uint64_t seed, std::size_t at) {
  constexpr std::size_t with_care = 20;
  stats::Options options{.seed = seed};
  if (at >= with_care) options.resamples = 2'000;
  return stats::estimate_mean(scores, clusters, options);
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
