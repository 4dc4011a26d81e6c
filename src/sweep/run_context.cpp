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

}  // namespace

Trace::Span Run::span(const Item& item) const {
  return trace.span(Track::work, node(item.node).label, item.part);
}

std::vector<Item> pending(const Run& run, Stage stage) { return pending(run.plan, run.sealed, stage); }

std::vector<Item> mine(const Run& run, const std::vector<Item>& items) {
  return mine(items, run.workers, run.comm.rank(), run.pace.speeds());
}

void make_parts(Run& run, Stage stage, const std::function<void(const Item&)>& make) {
  const auto items = pending(run, stage);
  StageScope scope(run, stage, items);
  Done done;
  comm::agree(run.comm, [&] {
    run.fault(stage);
    const auto own = mine(run, items);
    const auto start = now();
    for (const auto& item : own) {
      run.pulse();
      const auto span = run.span(item);
      make(item);
      done.work += static_cast<double>(item.weight);
      scope.advance();
    }
    done.seconds = now() - start;
  });
  if (!items.empty()) run.pace.share(run.comm, run.workers, name_of(stage), done);
}

StageScope::StageScope(Progress& progress, Tally& tally, const Trace& trace, Stage stage, std::int64_t items,
                       std::int64_t left)
    : progress_(progress),
      tally_(tally),
      span_(trace.span(Track::stage, name_of(stage), left)),
      stage_(stage),
      start_(now()),
      exceptions_(std::uncaught_exceptions()) {
  progress_.begin(stage, items, items - left);
}

StageScope::StageScope(Run& run, Stage stage, const std::vector<Item>& left)
    : StageScope(run.progress, run.tally, run.trace, stage, parts_of(run.plan, stage), std::ssize(left)) {}

StageScope::~StageScope() {
  tally_.seconds[static_cast<std::size_t>(stage_)] += now() - start_;
  if (std::uncaught_exceptions() == exceptions_) progress_.end();
}

void StageScope::advance() {
  ++tally_.parts[static_cast<std::size_t>(stage_)];
  progress_.advance(1);
}

}  // namespace dream::sweep
