#include "sweep/assign.hpp"

#include <algorithm>
#include <map>
#include <numeric>
#include <queue>
#include <utility>

namespace dream::sweep {

Workers choose_workers(int ranks, std::string_view coordinator) {
  const bool dedicated = ranks > 1 && (coordinator == "dedicated" || (coordinator == "auto" && ranks >= 8));
  return dedicated ? Workers{1, ranks - 1} : Workers{0, ranks};
}

namespace {

using Loaded = std::pair<std::int64_t, int>;  // load, worker
using LeastLoaded = std::priority_queue<Loaded, std::vector<Loaded>, std::greater<>>;

/// Workers of one speed.
struct Class {
  double speed;
  LeastLoaded workers;

  /// When its least loaded worker would be done with one more item.
  [[nodiscard]] std::pair<double, int> end_with(std::int64_t weight) const {
    const auto [load, worker] = workers.top();
    return {static_cast<double>(load + weight) / speed, worker};
  }
};

std::vector<Class> classes_of(int workers, std::span<const double> speeds) {
  std::map<double, LeastLoaded> by_speed;
  for (int w = 0; w < workers; ++w)
    by_speed[speeds.empty() ? 1 : speeds[static_cast<std::size_t>(w)]].push({0, w});
  std::vector<Class> classes;
  for (auto& [speed, least] : by_speed) classes.push_back({speed, std::move(least)});
  return classes;
}

}  // namespace

std::vector<int> assign(std::span<const std::int64_t> weights, int workers, std::span<const double> speeds) {
  std::vector<std::size_t> order(weights.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return weights[a] > weights[b]; });
  auto classes = classes_of(workers, speeds);
  std::vector<int> owner(weights.size());
  for (const auto item : order) {
    // An item without weight still costs something; so ten thousand of them do not fall on one worker.
    const auto weight = std::max<std::int64_t>(weights[item], 1);
    auto& first = *std::ranges::min_element(classes, {}, [&](const Class& c) { return c.end_with(weight); });
    const auto [load, worker] = first.workers.top();
    first.workers.pop();
    owner[item] = worker;
    first.workers.push({load + weight, worker});
  }
  return owner;
}

}  // namespace dream::sweep
