#include "sweep/even_out.hpp"

#include <algorithm>
#include <numeric>

namespace dream::sweep {
namespace {

constexpr double near_enough = 1.02;

/// Tasks for each in proportion to the speeds. What is left over by rounding goes to those that are done
/// first with one more, and among equals to those that need not get it sent.
std::vector<std::int64_t> shares_of(std::span<const Load> loads, std::int64_t all, double speed) {
  std::vector<std::int64_t> shares;
  std::vector<std::size_t> order;
  for (std::size_t w = 0; w < loads.size(); ++w) {
    shares.push_back(static_cast<std::int64_t>(static_cast<double>(all) * loads[w].speed / speed));
    if (loads[w].speed > 0) order.push_back(w);
  }
  const auto end_with_one_more = [&](std::size_t w) {
    return static_cast<double>(shares[w] + 1) / loads[w].speed;
  };
  std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) {
    const auto first = end_with_one_more(a);
    const auto second = end_with_one_more(b);
    if (first != second) return first < second;
    return loads[a].tasks - shares[a] > loads[b].tasks - shares[b];
  });
  auto left = all - std::accumulate(shares.begin(), shares.end(), std::int64_t{0});
  for (std::size_t i = 0; left > 0; i = (i + 1) % order.size(), --left) ++shares[order[i]];
  return shares;
}

double end_of(std::int64_t tasks, double speed) { return tasks > 0 ? static_cast<double>(tasks) / speed : 0; }

}  // namespace

std::vector<Move> even_out(std::span<const Load> loads) {
  std::int64_t all = 0;
  double speed = 0;
  for (const auto& load : loads) {
    all += load.tasks;
    speed += load.speed;
  }
  if (all == 0 || speed <= 0) return {};
  const auto shares = shares_of(loads, all, speed);
  double end = 0;
  double even_end = 0;
  for (std::size_t w = 0; w < loads.size(); ++w) {
    end = std::max(end, end_of(loads[w].tasks, loads[w].speed));
    even_end = std::max(even_end, end_of(shares[w], loads[w].speed));
  }
  if (end <= near_enough * even_end) return {};

  std::vector<Move> moves;
  std::size_t to = 0;
  std::int64_t room = shares.empty() ? 0 : shares[0] - loads[0].tasks;
  for (std::size_t from = 0; from < loads.size(); ++from) {
    for (auto spare = loads[from].tasks - shares[from]; spare > 0;) {
      while (room <= 0) {
        ++to;
        room = shares[to] - loads[to].tasks;
      }
      const auto tasks = std::min(spare, room);
      moves.push_back({static_cast<int>(from), static_cast<int>(to), tasks});
      spare -= tasks;
      room -= tasks;
    }
  }
  return moves;
}

}  // namespace dream::sweep
