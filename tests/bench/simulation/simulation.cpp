#include "tests/bench/simulation/simulation.hpp"

#include <algorithm>
#include <ctime>
#include <functional>
#include <map>
#include <queue>
#include <random>

#include "calls/endpoint.hpp"
#include "sweep/even_out.hpp"
#include "sweep/pace.hpp"
#include "sweep/schedule.hpp"
#include "tests/bench/simulation/bounds.hpp"
#include "tests/bench/simulation/clock.hpp"

namespace dream::simulation {
namespace {

using sweep::Item;
using sweep::Stage;

std::int64_t bytes_of(const sweep::Plan& plan) {
  std::int64_t bytes = 0;
  for (const auto& node : plan.nodes)
    bytes += static_cast<std::int64_t>(sizeof node + node.label.size() + node.inputs.size() * sizeof(int) +
                                       node.embedder.size() + node.reranker.size() + node.llm.size());
  for (const auto& trial : plan.trials)
    bytes += static_cast<std::int64_t>(sizeof trial + trial.embedder.size() + trial.reranker.size() +
                                       trial.llm.size());
  bytes += std::ssize(plan.buckets) * static_cast<std::int64_t>(sizeof(sweep::Bucket) + sizeof(int));
  return bytes + std::ssize(plan.slices) * static_cast<std::int64_t>(sizeof(sweep::Slice));
}

/// The stages of a sweep, as src/sweep/phases does them.
class Simulation {
 public:
  Simulation(const World& world, const sweep::Plan& plan)
      : world_(world), plan_(plan), costs_(world.costs), random_(world.seed), clock_(world) {
    result_.plan_bytes = bytes_of(plan_);
    auto bounds = bounds_of(world_, plan_);
    work_ = bounds.work;
    result_.by_chain = bounds.by_chain;
    result_.by_endpoint = bounds.by_endpoint;
    result_.stages = std::move(bounds.stages);
  }

  Result run() {
    const std::map<Stage, std::function<void()>> stages{{Stage::read, [&] { make_parts(Stage::read); }},
                                                        {Stage::gold, [&] { make_parts(Stage::gold); }},
                                                        {Stage::chunk, [&] { make_parts(Stage::chunk); }},
                                                        {Stage::embed, [&] { embed(); }},
                                                        {Stage::query, [&] { make_parts(Stage::query); }},
                                                        {Stage::index, [&] { make_parts(Stage::index); }},
                                                        {Stage::search, [&] { search(); }},
                                                        {Stage::select, [&] { make_parts(Stage::select); }},
                                                        {Stage::score, [&] { score(); }}};
    for (bool whole = false; !whole;) {
      try {
        for (const auto& [stage, make] : stages) tell(stage, make);
        whole = true;
      } catch (const RankIsLost&) {
        // As run() does over the group that is left: from the start, with what is sealed.
        clock_.bury();
        speeds_.clear();
      }
    }
    result_.makespan = clock_.now();
    result_.lost = clock_.lost();
    result_.parts = std::ssize(clock_.sealed());
    result_.sealed_bytes = result_.parts * static_cast<std::int64_t>(sizeof(Digest) + 2 * sizeof(void*));
    result_.messages = clock_.messages() / std::max(clock_.now(), 1e-9);
    result_.by_work = time_for(work_, world_, clock_.all_speeds(), clock_.lost());
    return std::move(result_);
  }

 private:
  [[nodiscard]] const sweep::Node& node(const Item& item) const {
    return plan_.nodes[static_cast<std::size_t>(item.node)];
  }

  template <class Work>
  void timed(Work&& work) {
    const auto start = std::clock();  // of this process: others may be at work beside it
    work();
    result_.scheduling += static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
  }

  void tell(Stage stage, const std::function<void()>& make) {
    const auto start = clock_.now();
    const auto before = clock_.messages();
    const auto count = [&] {
      const auto seconds = clock_.now() - start;
      result_.stages[static_cast<std::size_t>(stage)].seconds += seconds;
      if (seconds > 1)
        result_.most_messages = std::max(result_.most_messages, (clock_.messages() - before) / seconds);
    };
    try {
      make();
      clock_.meet(2);
    } catch (const RankIsLost&) {
      count();
      throw;
    }
    count();
  }

  std::vector<Item> pending(Stage stage) {
    std::vector<Item> items;
    timed([&] { items = sweep::pending(plan_, clock_.sealed(), stage); });
    result_.item_bytes =
        std::max(result_.item_bytes, std::ssize(items) * static_cast<std::int64_t>(sizeof(Item)));
    return items;
  }

  std::vector<std::vector<Item>> deal(std::span<const Item> items) {
    std::vector<std::vector<Item>> dealt;
    timed([&] { dealt = sweep::deal(items, clock_.workers().count, speeds_); });
    return dealt;
  }

  /// As Pace::share(): what each worker did, and how long it took.
  void share_pace(const std::vector<double>& work, const std::vector<double>& seconds) {
    std::vector<sweep::Done> done;
    for (std::size_t w = 0; w < work.size(); ++w) done.push_back({work[w], seconds[w]});
    speeds_ = sweep::speeds_of(done, speeds_);
    clock_.meet();
  }

  [[nodiscard]] double pace_of(std::size_t worker) const { return speeds_.empty() ? 1 : speeds_[worker]; }

  /// As Relief: what is left for each when those with too much have handed some on.
  void even_out(std::vector<std::int64_t>& tasks, const std::function<double(std::size_t)>& speed,
                double bytes_of_task) {
    std::vector<sweep::Load> loads;
    for (std::size_t w = 0; w < tasks.size(); ++w) loads.push_back({tasks[w], speed(w)});
    std::vector<sweep::Move> moves;
    timed([&] { moves = sweep::even_out(loads); });
    clock_.meet();
    if (moves.empty()) return;
    std::vector<std::int64_t> sent(tasks.size(), 0);
    for (const auto& move : moves) {
      tasks[static_cast<std::size_t>(move.from)] -= move.tasks;
      tasks[static_cast<std::size_t>(move.to)] += move.tasks;
      sent[static_cast<std::size_t>(move.from)] += move.tasks;
    }
    clock_.exchange(static_cast<double>(*std::ranges::max_element(sent)) * bytes_of_task);
    clock_.exchange(static_cast<double>(*std::ranges::max_element(sent)) * bytes_of_task);
  }

  void make_parts(Stage stage) {
    const auto dealt = deal(pending(stage));
    Hands hands(dealt.size());
    std::vector<double> work(dealt.size(), 0);
    for (std::size_t w = 0; w < dealt.size(); ++w) {
      for (const auto& item : dealt[w]) {
        hands[w].push_back({cost(world_, stage, item), &item});
        work[w] += static_cast<double>(item.weight);
      }
    }
    const auto seconds = clock_.block(hands);
    if (stage != Stage::read) share_pace(work, seconds);  // the group that reads knows of no pace yet
  }

  /// So many things fall on workers by their hashes: how many on each.
  std::vector<std::int64_t> scattered(double things, std::size_t workers) {
    std::poisson_distribution<std::int64_t> share(things / static_cast<double>(workers));
    std::vector<std::int64_t> shares;
    for (std::size_t w = 0; w < workers; ++w) shares.push_back(things > 0 ? share(random_) : 0);
    return shares;
  }

  void embed_round(const std::vector<std::span<const Item>>& round) {
    Hands load(round.size());
    Hands make(round.size());
    Hands write(round.size());
    double all = 0;
    double most = 0;
    for (std::size_t w = 0; w < round.size(); ++w) {
      double own = 0;
      for (const auto& item : round[w]) {
        load[w].push_back({static_cast<double>(item.weight) * costs_.load_byte, nullptr});
        write[w].push_back({costs_.write_part, &item});
        own += texts_of(world_, item.weight);
      }
      all += own;
      most = std::max(most, own);
    }
    clock_.block(load);
    clock_.meet(2);
    clock_.exchange(most * costs_.bytes_of_text);
    auto texts = scattered(all, round.size());
    even_out(
        texts, [&](std::size_t w) { return pace_of(w); }, costs_.bytes_of_text);
    for (std::size_t w = 0; w < round.size(); ++w)
      make[w].push_back({static_cast<double>(texts[w]) * costs_.embed_text, nullptr});
    const auto seconds = clock_.block(make);
    clock_.meet();
    share_pace({texts.begin(), texts.end()}, seconds);
    clock_.exchange(most * 4 * 384);
    clock_.block(write);
    clock_.meet();
  }

  void embed() {
    for (const auto& [embedder, items] : sweep::by_embedder(plan_, pending(Stage::embed))) {
      const auto dealt = deal(items);
      std::vector<std::size_t> at(dealt.size(), 0);
      const auto left = [&] {
        for (std::size_t w = 0; w < dealt.size(); ++w) {
          if (at[w] < dealt[w].size()) return true;
        }
        return false;
      };
      while (left()) {
        std::vector<std::span<const Item>> round;
        for (std::size_t w = 0; w < dealt.size(); ++w) {
          const auto end = sweep::end_of_round(dealt[w], at[w], sweep::embed_round_bytes);
          round.push_back(std::span(dealt[w]).subspan(at[w], end - at[w]));
          at[w] = end;
        }
        embed_round(round);
      }
    }
  }

  void search() {
    const auto items = pending(Stage::search);
    for (auto left = std::span(items); !left.empty();) {
      const auto group = left.first(sweep::searches_together(plan_, left, clock_.workers()));
      left = left.subspan(group.size());
      const auto dealt = deal(sweep::shard_searches(plan_, group));
      Hands hands(dealt.size());
      for (std::size_t w = 0; w < dealt.size(); ++w) {
        for (const auto& item : dealt[w]) hands[w].push_back({cost(world_, Stage::search, item), nullptr});
      }
      clock_.block(hands);
      clock_.meet();
      for (const auto& item : group) {
        clock_.merge(static_cast<double>(world_.questions * node(item).k));
        clock_.block({{Task{costs_.write_part, &item}}});
        clock_.meet();
      }
    }
  }

  /// Calls fall on callers by their keys, and are evened out; each keeps as many open as its share of the
  /// endpoint, until it has none left.
  Hands ask(std::vector<std::int64_t> calls, const sweep::Workers& callers) {
    std::uniform_real_distribution<double> latency(costs_.call / 2, 1.5 * costs_.call);
    calls::Endpoint endpoint;
    endpoint.in_flight = world_.in_flight;
    const auto open_of = [&](std::size_t w) {
      const auto caller = static_cast<int>(w);
      return caller < callers.count ? calls::limit_to(endpoint, caller, callers.count).in_flight : 0;
    };
    even_out(
        calls, [&](std::size_t w) { return static_cast<double>(open_of(w)); }, 4000);
    Hands hands(calls.size());
    for (std::size_t w = 0; w < calls.size(); ++w) {
      std::priority_queue<double, std::vector<double>, std::greater<>> free;
      for (std::int64_t i = 0; i < open_of(w); ++i) free.push(0);
      double last = 0;
      for (std::int64_t c = 0; c < calls[w]; ++c) {
        const auto done = free.top() + latency(random_);
        free.pop();
        free.push(done);
        last = std::max(last, done);
      }
      // Latency is the endpoint's: a slow rank does not wait longer.
      hands[w].push_back({last * clock_.speed(static_cast<int>(w)), nullptr});
    }
    return hands;
  }

  void score() {
    const auto dealt = deal(pending(Stage::score));
    std::vector<std::size_t> at(dealt.size(), 0);
    const auto workers = clock_.workers();
    const auto callers = world_.in_flight > 0 ? sweep::callers_of(workers, world_.in_flight) : workers;
    for (bool more = true; more;) {
      more = false;
      Hands hands(dealt.size());
      std::vector<std::int64_t> calls(dealt.size(), 0);
      for (std::size_t w = 0; w < dealt.size(); ++w) {
        const auto end = sweep::end_of_round(dealt[w], at[w], sweep::score_round_questions);
        for (; at[w] < end; ++at[w]) {
          const auto& item = dealt[w][at[w]];
          hands[w].push_back({cost(world_, Stage::score, item), &item});
          more = true;
          for (std::int64_t q = 0; world_.in_flight > 0 && q < item.weight; ++q) {
            const auto key = Hasher("call").add(item.key).add(q).finish();
            ++calls[static_cast<std::size_t>(sweep::home_of(key, callers) - callers.first)];
          }
        }
      }
      if (!more) return;
      if (world_.in_flight > 0) {
        clock_.exchange(1e6);
        clock_.block(ask(std::move(calls), callers));
        clock_.exchange(1e5);
      }
      clock_.block(hands);
      clock_.meet(3);
    }
  }

  const World& world_;
  const sweep::Plan& plan_;
  const Costs& costs_;
  std::mt19937_64 random_;
  Clock clock_;
  std::vector<double> speeds_;  ///< of workers, as they know them of each other
  double work_ = 0;
  Result result_;
};

}  // namespace

double Result::bound() const { return std::max({by_work, by_chain, by_endpoint}); }

Result simulate(const World& world, const sweep::Plan& plan) { return Simulation(world, plan).run(); }
Result simulate(const World& world) { return simulate(world, plan_of(world)); }

}  // namespace dream::simulation
