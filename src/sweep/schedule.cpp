#include "sweep/schedule.hpp"

#include <algorithm>

namespace dream::sweep {
namespace {

std::int64_t bytes_of(const Plan& plan, std::size_t shard) {
  std::int64_t bytes = 0;
  for (const int b : plan.shards[shard]) bytes += plan.buckets[static_cast<std::size_t>(b)].bytes;
  return bytes;
}

/// What a part costs, roughly: enough to spread the work evenly.
std::int64_t weight_of(const Plan& plan, const Node& node, int part) {
  const auto at = static_cast<std::size_t>(part);
  switch (node.cut) {
    case Cut::bucket:
      return plan.buckets[at].bytes;
    case Cut::shard:
      return bytes_of(plan, at);
    case Cut::question:
    case Cut::slice:
      return plan.slices[at].end - plan.slices[at].begin;
    case Cut::corpus:
      return 1;
  }
  return 1;
}

std::vector<int> owners(std::span<const Item> items, int workers, std::span<const double> speeds) {
  std::vector<std::int64_t> weights;
  weights.reserve(items.size());
  for (const auto& item : items) weights.push_back(item.weight);
  return assign(weights, workers, speeds);
}

}  // namespace

std::vector<Item> pending(const Plan& plan, const std::unordered_set<Digest>& sealed, Stage stage) {
  std::vector<Item> items;
  for (const int number : plan.nodes_of(stage)) {
    const auto& node = plan.nodes[static_cast<std::size_t>(number)];
    for (int part = 0; part < plan.parts_of(node); ++part) {
      const auto key = plan.part_key(node, part);
      if (!sealed.contains(key)) items.push_back({number, part, key, weight_of(plan, node, part)});
    }
  }
  return items;
}

std::vector<std::vector<Item>> deal(std::span<const Item> items, int workers,
                                    std::span<const double> speeds) {
  const auto owner = owners(items, workers, speeds);
  std::vector<std::vector<Item>> hands(static_cast<std::size_t>(workers));
  for (std::size_t i = 0; i < items.size(); ++i)
    hands[static_cast<std::size_t>(owner[i])].push_back(items[i]);
  return hands;
}

std::vector<Item> mine(std::span<const Item> items, const Workers& workers, int rank,
                       std::span<const double> speeds) {
  if (!workers.has(rank)) return {};
  return std::move(deal(items, workers.count, speeds)[static_cast<std::size_t>(rank - workers.first)]);
}

std::map<std::string, std::vector<Item>> by_embedder(const Plan& plan, std::span<const Item> items) {
  std::map<std::string, std::vector<Item>> groups;
  for (const auto& item : items)
    groups[plan.nodes[static_cast<std::size_t>(item.node)].embedder].push_back(item);
  for (auto& [embedder, group] : groups) std::ranges::stable_sort(group, {}, &Item::part);
  return groups;
}

std::size_t end_of_round(std::span<const Item> items, std::size_t at, std::int64_t budget) {
  auto end = at;
  for (std::int64_t weight = 0; end < items.size() && (end == at || weight + items[end].weight <= budget);
       ++end)
    weight += items[end].weight;
  return end;
}

std::size_t searches_together(const Plan& plan, std::span<const Item> items, const Workers& workers) {
  constexpr std::int64_t shards_each = 8;
  constexpr std::int64_t most_bytes = 256 << 20;
  constexpr std::int64_t bytes_per_hit = 64;  // twice over while two results are merged
  const auto shards = std::max<std::int64_t>(1, std::ssize(plan.shards));
  const auto enough = (shards_each * workers.count + shards - 1) / shards;
  const auto questions = plan.slices.empty() ? 0 : plan.slices.back().end;
  std::int64_t bytes = 0;
  std::size_t together = 0;
  while (together < items.size() && static_cast<std::int64_t>(together) < enough) {
    bytes += questions * plan.nodes[static_cast<std::size_t>(items[together].node)].k * bytes_per_hit;
    if (together > 0 && bytes > most_bytes) break;
    ++together;
  }
  return together;
}

std::vector<Item> shard_searches(const Plan& plan, std::span<const Item> searches) {
  std::vector<Item> items;
  for (const auto& search : searches) {
    for (std::size_t shard = 0; shard < plan.shards.size(); ++shard)
      items.push_back({search.node, static_cast<int>(shard), {}, bytes_of(plan, shard)});
  }
  return items;
}

int home_of(const Digest& key, const Workers& workers) {
  return workers.rank(static_cast<int>(key.prefix() % static_cast<std::uint64_t>(workers.count)));
}

Workers callers_of(const Workers& workers, std::int64_t in_flight) {
  const auto most = std::max<std::int64_t>(1, std::min<std::int64_t>(workers.count, in_flight));
  // The calls end when the callers with the smallest part have made theirs.
  const auto used = [&](std::int64_t callers) { return callers * (in_flight / callers); };
  auto best = most;
  for (auto callers = most; 2 * callers >= most; --callers) {
    if (used(callers) > used(best)) best = callers;
  }
  return {workers.first, static_cast<int>(best)};
}

calls::Allowance share_of(calls::Allowance left, const Workers& callers, int rank, int only) {
  const int parts = only == everybody ? callers.count : 1;
  const bool mine = only == everybody ? callers.has(rank) : rank == only;
  if (left.usd) *left.usd = mine ? *left.usd / parts : 0;
  if (left.tokens) *left.tokens = mine ? *left.tokens / parts : 0;
  return left;
}

}  // namespace dream::sweep
