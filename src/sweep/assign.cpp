#include "sweep/assign.hpp"

#include <algorithm>
#include <numeric>
#include <queue>

namespace dream::sweep {

Workers choose_workers(int ranks, std::string_view coordinator) {
  const bool dedicated = ranks > 1 && (coordinator == "dedicated" || (coordinator == "auto" && ranks >= 8));
  return dedicated ? Workers{1, ranks - 1} : Workers{0, ranks};
}

std::vector<int> assign(std::span<const std::int64_t> weights, int workers) {
  std::vector<std::size_t> order(weights.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return weights[a] > weights[b]; });
  using Load = std::pair<std::int64_t, int>;  // load, worker
  std::priority_queue<Load, std::vector<Load>, std::greater<>> least;
  for (int w = 0; w < workers; ++w) least.push({0, w});
  std::vector<int> owner(weights.size());
  for (const auto item : order) {
    auto [load, worker] = least.top();
    least.pop();
    owner[item] = worker;
    // An item without weight still costs something; so ten thousand of them do not fall on one worker.
    least.push({load + std::max<std::int64_t>(weights[item], 1), worker});
  }
  return owner;
}

}  // namespace dream::sweep
