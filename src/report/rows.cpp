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

std::vector<std::size_t> best_first(const stats::Verdict& verdict, std::size_t trials) {
  std::vector<std::size_t> order(trials);
  std::iota(order.begin(), order.end(), std::size_t{0});
  if (verdict.means.size() != trials) return order;
  const auto rank = [&](std::size_t t) { return std::isnan(verdict.means[t]) ? -1e300 : verdict.means[t]; };
  std::ranges::stable_sort(order, std::greater<>(), rank);
  return order;
}

}  // namespace dream::report
