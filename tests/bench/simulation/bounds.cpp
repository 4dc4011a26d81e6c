#include "tests/bench/simulation/bounds.hpp"

#include <algorithm>

namespace dream::simulation {

using sweep::Stage;

double texts_of(const World& world, std::int64_t bytes) {
  return static_cast<double>(bytes) / world.costs.bytes_of_text;
}

double cost(const World& world, Stage stage, const sweep::Item& item) {
  const auto& costs = world.costs;
  const auto weight = static_cast<double>(item.weight);
  const auto texts = texts_of(world, item.weight);
  switch (stage) {
    case Stage::read:
      return weight * costs.read_byte + costs.write_part;
    case Stage::gold:
      return weight * costs.gold_byte + costs.write_part;
    case Stage::chunk:
      return weight * costs.chunk_byte + costs.write_part;
    case Stage::embed:
      return weight * costs.load_byte + texts * costs.embed_text + costs.write_part;
    case Stage::query:
      return weight * costs.embed_text + costs.write_part;
    case Stage::index:
      return weight * costs.load_byte + texts * costs.index_text + costs.write_part;
    case Stage::search:
      return weight * costs.load_byte + static_cast<double>(world.questions) * texts * costs.search_pair;
    case Stage::rerank:
      return 0;
    case Stage::select:
      return weight * costs.select_question + costs.write_part;
    case Stage::score:
      return weight * costs.score_question + costs.write_part;
  }
  return 0;
}

Bounds bounds_of(const World& world, const sweep::Plan& plan) {
  Bounds bounds;
  for (int s = 0; s < sweep::stage_count; ++s) {
    const auto stage = static_cast<Stage>(s);
    auto items = sweep::pending(plan, {}, stage);
    if (stage == Stage::search) items = sweep::shard_searches(plan, items);
    double sum = 0;
    double longest = 0;
    for (const auto& item : items) {
      const auto seconds = cost(world, stage, item);
      sum += seconds;
      longest = std::max(longest, seconds);
    }
    if (stage == Stage::embed && !items.empty())
      longest = world.costs.write_part;  // its texts are spread over all
    bounds.work += sum;
    bounds.by_chain += longest;
    bounds.stages.push_back({name_of(stage), 0, std::max(longest, sum / world.ranks)});
  }
  if (world.in_flight == 0) return bounds;
  const auto calls = static_cast<double>(plan.trials.size()) * static_cast<double>(world.questions);
  bounds.by_endpoint = calls * world.costs.call / static_cast<double>(world.in_flight);
  bounds.stages.back().bound = std::max(bounds.stages.back().bound, bounds.by_endpoint);
  return bounds;
}

double time_for(double work, const World& world, double speed, std::int64_t lost) {
  double left = work;
  double now = 0;
  for (std::int64_t i = 0; i < lost; ++i) {
    const auto at = world.losses[static_cast<std::size_t>(i)];
    if (left <= (at - now) * speed) break;
    left -= (at - now) * speed;
    now = at;
    speed -= 1;
  }
  return now + left / speed;
}

}  // namespace dream::simulation
