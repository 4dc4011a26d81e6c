#include "sweep/run_context.hpp"

#include <chrono>
#include <exception>

#include "comm/agree.hpp"

namespace dream::sweep {
namespace {

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::int64_t parts_of(const Plan& plan, Stage stage) {
  std::int64_t parts = 0;
  for (int number : plan.nodes_of(stage))
    parts += plan.parts_of(plan.nodes[static_cast<std::size_t>(number)]);
  return parts;
}

/// What a part costs, roughly: enough to spread the work evenly.
std::int64_t weight_of(const Plan& plan, const Node& node, int part) {
  const auto at = static_cast<std::size_t>(part);
  switch (node.cut) {
    case Cut::bucket:
      return plan.buckets[at].bytes;
    case Cut::shard: {
      std::int64_t bytes = 0;
      for (int b : plan.shards[at]) bytes += plan.buckets[static_cast<std::size_t>(b)].bytes;
      return bytes;
    }
    case Cut::question:
    case Cut::slice:
      return plan.slices[at].end - plan.slices[at].begin;
    case Cut::corpus:
      return 1;
  }
  return 1;
}

}  // namespace

std::vector<Item> all_parts(const Run& run, Stage stage) {
  std::vector<Item> items;
  for (int number : run.plan.nodes_of(stage)) {
    const auto& node = run.node(number);
    for (int part = 0; part < run.plan.parts_of(node); ++part)
      items.push_back({number, part, run.key(number, part), weight_of(run.plan, node, part)});
  }
  return items;
}

std::vector<Item> pending(const Run& run, Stage stage) {
  auto items = all_parts(run, stage);
  std::erase_if(items, [&](const Item& item) { return run.sealed.contains(item.key); });
  return items;
}

std::vector<Item> mine(const Run& run, const std::vector<Item>& items) {
  std::vector<std::int64_t> weights;
  for (const auto& item : items) weights.push_back(item.weight);
  const auto owner = assign(weights, run.workers.count);
  std::vector<Item> own;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (run.workers.rank(owner[i]) == run.comm.rank()) own.push_back(items[i]);
  }
  return own;
}

void make_parts(Run& run, Stage stage, const std::function<void(const Item&)>& make) {
  const auto items = pending(run, stage);
  StageScope scope(run, stage, items);
  comm::agree(run.comm, [&] {
    run.fault(stage);
    for (const auto& item : mine(run, items)) {
      run.pulse();
      make(item);
      scope.advance();
    }
  });
}

StageScope::StageScope(Progress& progress, Tally& tally, Stage stage, std::int64_t items, std::int64_t left)
    : progress_(progress),
      tally_(tally),
      stage_(stage),
      start_(now()),
      exceptions_(std::uncaught_exceptions()) {
  progress_.begin(stage, items, items - left);
}

StageScope::StageScope(Run& run, Stage stage, const std::vector<Item>& left)
    : StageScope(run.progress, run.tally, stage, parts_of(run.plan, stage), std::ssize(left)) {}

StageScope::~StageScope() {
  tally_.seconds[static_cast<std::size_t>(stage_)] += now() - start_;
  if (std::uncaught_exceptions() == exceptions_) progress_.end();
}

void StageScope::advance() {
  ++tally_.parts[static_cast<std::size_t>(stage_)];
  progress_.advance(1);
}

}  // namespace dream::sweep
