#include "sweep/run_context.hpp"

#include <chrono>
#include <exception>

#include "comm/agree.hpp"

namespace dream::sweep {
namespace {

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// What a part costs, roughly: enough to spread the work evenly.
std::int64_t weight_of(const Plan& plan, const Node& node, int part) {
  const auto at = static_cast<std::size_t>(part);
  switch (node.cut) {
    case Cut::bucket: return plan.buckets[at].bytes;
    case Cut::shard: {
      std::int64_t bytes = 0;
      for (int b : plan.shards[at]) bytes += plan.buckets[static_cast<std::size_t>(b)].bytes;
      return bytes;
    }
    case Cut::question:
    case Cut::slice: return plan.slices[at].end - plan.slices[at].begin;
    case Cut::corpus: return 1;
  }
  return 1;
}

}  // namespace

std::vector<Item> pending(const Run& run, Stage stage) {
  std::vector<Item> items;
  for (int number : run.plan.nodes_of(stage)) {
    const auto& node = run.node(number);
    for (int part = 0; part < run.plan.parts_of(node); ++part) {
      const auto key = run.key(number, part);
      if (!run.sealed.contains(key)) items.push_back({number, part, key, weight_of(run.plan, node, part)});
    }
  }
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
  std::int64_t all = 0;
  for (int number : run.plan.nodes_of(stage)) all += run.plan.parts_of(run.node(number));
  StageScope scope(run, stage, all, all - std::ssize(items));
  comm::agree(run.comm, [&] {
    run.fault(stage);
    for (const auto& item : mine(run, items)) {
      run.pulse();
      make(item);
      scope.advance();
    }
  });
}

StageScope::StageScope(Run& run, Stage stage, std::int64_t items, std::int64_t done)
    : run_(run), stage_(stage), start_(now()), exceptions_(std::uncaught_exceptions()) {
  run_.progress.begin(stage, items, done);
}

StageScope::~StageScope() {
  run_.tally.seconds[static_cast<std::size_t>(stage_)] += now() - start_;
  if (std::uncaught_exceptions() == exceptions_) run_.progress.end();
}

void StageScope::advance() {
  ++run_.tally.parts[static_cast<std::size_t>(stage_)];
  run_.progress.advance(1);
}

}  // namespace dream::sweep
