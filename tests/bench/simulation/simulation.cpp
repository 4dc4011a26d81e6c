#include "tests/bench/simulation/simulation.hpp"

#include <algorithm>
#include <cmath>
#include <ctime>
#include <functional>
#include <map>
#include <queue>
#include <random>

#include "calls/endpoint.hpp"
#include "sweep/schedule.hpp"

namespace dream::simulation {
namespace {

using sweep::Item;
using sweep::Stage;

struct RankIsLost {};

/// Something that a worker does, one after the other; a part that is sealed when it is done, if it makes one.
struct Task {
  double seconds = 0;
  const Item* seals = nullptr;
};
using Hands = std::vector<std::vector<Task>>;  // by worker

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

class Simulation {
 public:
  Simulation(const World& world, const sweep::Plan& plan)
      : world_(world), plan_(plan), costs_(world.costs), random_(world.seed), ranks_(world.ranks) {
    result_.plan_bytes = bytes_of(plan_);
    std::uniform_real_distribution<double> chance(0, 1);
    for (int r = 0; r < world.ranks; ++r)
      speed_.push_back(chance(random_) < world.slow_share ? world.slow_speed : 1);
    bounds();
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
        speed_.erase(speed_.begin() + 1 + static_cast<std::ptrdiff_t>(random_() % (speed_.size() - 1)));
        --ranks_;
        ++result_.lost;
        now_ += costs_.plan_again;
      }
    }
    result_.makespan = now_;
    result_.parts = std::ssize(sealed_);
    result_.sealed_bytes = result_.parts * static_cast<std::int64_t>(sizeof(Digest) + 2 * sizeof(void*));
    result_.messages = messages_ / std::max(now_, 1e-9);
    result_.by_work = time_for_work();
    return std::move(result_);
  }

 private:
  // ---- what things cost
  // -----------------------------------------------------------------------------------------

  [[nodiscard]] const sweep::Node& node(const Item& item) const {
    return plan_.nodes[static_cast<std::size_t>(item.node)];
  }
  [[nodiscard]] double texts(std::int64_t bytes) const {
    return static_cast<double>(bytes) / costs_.bytes_of_text;
  }

  /// Of a part, by the one who makes it and writes it down. Of `embed`: what its texts take, wherever.
  [[nodiscard]] double cost(Stage stage, const Item& item) const {
    const auto weight = static_cast<double>(item.weight);
    switch (stage) {
      case Stage::read:
        return weight * costs_.read_byte + costs_.write_part;
      case Stage::gold:
        return weight * costs_.gold_byte + costs_.write_part;
      case Stage::chunk:
        return weight * costs_.chunk_byte + costs_.write_part;
      case Stage::embed:
        return weight * costs_.load_byte + texts(item.weight) * costs_.embed_text + costs_.write_part;
      case Stage::query:
        return weight * costs_.embed_text + costs_.write_part;
      case Stage::index:
        return weight * costs_.load_byte + texts(item.weight) * costs_.index_text + costs_.write_part;
      case Stage::search:  // of a shard
        return weight * costs_.load_byte +
               static_cast<double>(world_.questions) * texts(item.weight) * costs_.search_pair;
      case Stage::rerank:
        return 0;
      case Stage::select:
        return weight * costs_.select_question + costs_.write_part;
      case Stage::score:
        return weight * costs_.score_question + costs_.write_part;
    }
    return 0;
  }

  // ---- bounds
  // ---------------------------------------------------------------------------------------------------

  void bounds() {
    for (int s = 0; s < sweep::stage_count; ++s) {
      const auto stage = static_cast<Stage>(s);
      auto items = sweep::pending(plan_, {}, stage);
      if (stage == Stage::search) items = sweep::shard_searches(plan_, items);
      double sum = 0;
      double longest = 0;
      for (const auto& item : items) {
        sum += cost(stage, item);
        longest = std::max(longest, cost(stage, item));
      }
      if (stage == Stage::embed && !items.empty())
        longest = costs_.write_part;  // its texts are spread over all
      work_ += sum;
      result_.by_chain += longest;
      result_.stages.push_back({name_of(stage), 0, std::max(longest, sum / world_.ranks)});
    }
    if (world_.in_flight == 0) return;
    const auto calls = static_cast<double>(plan_.trials.size()) * static_cast<double>(world_.questions);
    result_.by_endpoint = calls * costs_.call / static_cast<double>(world_.in_flight);
    result_.stages.back().bound = std::max(result_.stages.back().bound, result_.by_endpoint);
  }

  /// When all work could be done, were it cut as fine as sand: the ranks that live, each at its speed.
  [[nodiscard]] double time_for_work() const {
    double speed = 0;
    for (const auto one : speed_) speed += one;
    speed += static_cast<double>(result_.lost);  // those that were lost, until then
    double left = work_;
    double now = 0;
    for (std::int64_t lost = 0; lost < result_.lost; ++lost) {
      const auto at = world_.losses[static_cast<std::size_t>(lost)];
      if (left <= (at - now) * speed) break;
      left -= (at - now) * speed;
      now = at;
      speed -= 1;
    }
    return now + left / speed;
  }

  // ---- the clock
  // --------------------------------------------------------------------------------------------------

  template <class Work>
  void timed(Work&& work) {
    const auto start = std::clock();  // of this process: others may be at work beside it
    work();
    result_.scheduling += static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
  }

  [[nodiscard]] sweep::Workers workers() const { return sweep::choose_workers(ranks_, world_.coordinator); }
  [[nodiscard]] double speed(int worker) const {
    return speed_[static_cast<std::size_t>(workers().rank(worker))];
  }

  /// Everybody goes on together when the last is done; or a rank is lost before.
  void block(const Hands& hands) {
    double longest = 0;
    std::int64_t told = 0;
    for (int w = 0; w < std::ssize(hands); ++w) {
      double seconds = 0;
      for (const auto& task : hands[static_cast<std::size_t>(w)]) seconds += task.seconds / speed(w);
      longest = std::max(longest, seconds);
      // Progress: a message for each part, but at most five a second.
      told += std::min<std::int64_t>(std::ssize(hands[static_cast<std::size_t>(w)]),
                                     static_cast<std::int64_t>(5 * seconds) + 1);
    }
    messages_ += static_cast<double>(told);
    const auto lost = static_cast<std::size_t>(result_.lost);
    const auto until = lost < world_.losses.size() ? world_.losses[lost] - now_ : longest;
    for (int w = 0; w < std::ssize(hands); ++w) {
      double seconds = 0;
      for (const auto& task : hands[static_cast<std::size_t>(w)]) {
        seconds += task.seconds / speed(w);
        if (seconds > until) break;
        if (task.seals != nullptr) sealed_.insert(task.seals->key);
      }
    }
    if (until < longest) {
      now_ += std::max(0.0, until);
      throw RankIsLost();
    }
    now_ += longest;
  }

  [[nodiscard]] double depth() const { return std::ceil(std::log2(std::max(2, ranks_))); }

  /// An all-reduce up and down a tree; rank 0 has a message for each level.
  void meet(int times = 1) {
    now_ += times * (2 * depth() * costs_.message + costs_.nap);
    messages_ += times * 2 * depth();
  }

  /// From everybody to everybody, twice: counts, then `bytes` of each rank.
  void exchange(double bytes) {
    now_ += 4 * ranks_ * costs_.message + bytes * costs_.byte_sent + 2 * costs_.nap;
    messages_ += 4. * ranks_;
  }

  void tell(Stage stage, const std::function<void()>& make) {
    const auto start = now_;
    const auto before = messages_;
    const auto count = [&] {
      result_.stages[static_cast<std::size_t>(stage)].seconds += now_ - start;
      if (now_ - start > 1)
        result_.most_messages = std::max(result_.most_messages, (messages_ - before) / (now_ - start));
    };
    try {
      make();
      meet(2);
    } catch (const RankIsLost&) {
      count();
      throw;
    }
    count();
  }

  std::vector<Item> pending(Stage stage) {
    std::vector<Item> items;
    timed([&] { items = sweep::pending(plan_, sealed_, stage); });
    result_.item_bytes =
        std::max(result_.item_bytes, std::ssize(items) * static_cast<std::int64_t>(sizeof(Item)));
    return items;
  }

  std::vector<std::vector<Item>> deal(std::span<const Item> items) {
    std::vector<std::vector<Item>> dealt;
    timed([&] { dealt = sweep::deal(items, workers().count); });
    return dealt;
  }

  // ---- stages
  // -----------------------------------------------------------------------------------------------------

  void make_parts(Stage stage) {
    const auto dealt = deal(pending(stage));
    Hands hands(dealt.size());
    for (std::size_t w = 0; w < dealt.size(); ++w) {
      for (const auto& item : dealt[w]) hands[w].push_back({cost(stage, item), &item});
    }
    block(hands);
  }

  /// So many things fall on workers by their hashes: how many on each.
  std::vector<double> scattered(double things, int workers) {
    std::poisson_distribution<std::int64_t> share(things / workers);
    std::vector<double> shares;
    for (int w = 0; w < workers; ++w) shares.push_back(things > 0 ? static_cast<double>(share(random_)) : 0);
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
        own += texts(item.weight);
      }
      all += own;
      most = std::max(most, own);
    }
    block(load);
    meet(2);
    exchange(most * costs_.bytes_of_text);
    const auto shares = scattered(all, static_cast<int>(round.size()));
    for (std::size_t w = 0; w < round.size(); ++w)
      make[w].push_back({shares[w] * costs_.embed_text, nullptr});
    block(make);
    meet();
    exchange(most * 4 * 384);
    block(write);
    meet();
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
      const auto group = left.first(sweep::searches_together(plan_, left, workers()));
      left = left.subspan(group.size());
      const auto dealt = deal(sweep::shard_searches(plan_, group));
      Hands hands(dealt.size());
      for (std::size_t w = 0; w < dealt.size(); ++w) {
        for (const auto& item : dealt[w]) hands[w].push_back({cost(Stage::search, item), nullptr});
      }
      block(hands);
      meet();
      for (const auto& item : group) {
        const auto hits = static_cast<double>(world_.questions * node(item).k);
        // Up the tree and down again.
        now_ += depth() *
                (hits * (costs_.merge_hit + 2 * 48 * costs_.byte_sent) + 2 * costs_.message + costs_.nap);
        messages_ += 2 * depth();
        block({{Task{costs_.write_part, &item}}});
        meet();
      }
    }
  }

  /// Calls fall on callers by their keys; each keeps as many open as its share of the endpoint, until it has
  /// none left.
  Hands ask(const std::vector<std::int64_t>& calls, const sweep::Workers& callers) {
    std::uniform_real_distribution<double> latency(costs_.call / 2, 1.5 * costs_.call);
    calls::Endpoint endpoint;
    endpoint.in_flight = world_.in_flight;
    Hands hands(calls.size());
    for (int w = 0; w < callers.count; ++w) {
      const auto open = calls::limit_to(endpoint, w, callers.count).in_flight;
      std::priority_queue<double, std::vector<double>, std::greater<>> free;
      for (std::int64_t i = 0; i < open; ++i) free.push(0);
      double last = 0;
      for (std::int64_t c = 0; c < calls[static_cast<std::size_t>(w)]; ++c) {
        const auto done = free.top() + latency(random_);
        free.pop();
        free.push(done);
        last = std::max(last, done);
      }
      // Latency is the endpoint's: a slow rank does not wait longer.
      hands[static_cast<std::size_t>(w)].push_back({last * speed(w), nullptr});
    }
    return hands;
  }

  void score() {
    const auto dealt = deal(pending(Stage::score));
    std::vector<std::size_t> at(dealt.size(), 0);
    const auto callers = world_.in_flight > 0 ? sweep::callers_of(workers(), world_.in_flight) : workers();
    for (bool more = true; more;) {
      more = false;
      Hands hands(dealt.size());
      std::vector<std::int64_t> calls(dealt.size(), 0);
      for (std::size_t w = 0; w < dealt.size(); ++w) {
        const auto end = sweep::end_of_round(dealt[w], at[w], sweep::score_round_questions);
        for (; at[w] < end; ++at[w]) {
          const auto& item = dealt[w][at[w]];
          hands[w].push_back({cost(Stage::score, item), &item});
          more = true;
          for (std::int64_t q = 0; world_.in_flight > 0 && q < item.weight; ++q) {
            const auto key = Hasher("call").add(item.key).add(q).finish();
            ++calls[static_cast<std::size_t>(sweep::home_of(key, callers) - callers.first)];
          }
        }
      }
      if (!more) return;
      if (world_.in_flight > 0) {
        exchange(1e6);
        block(ask(calls, callers));
        exchange(1e5);
      }
      block(hands);
      meet(3);
    }
  }

  const World& world_;
  const sweep::Plan& plan_;
  const Costs& costs_;
  std::mt19937_64 random_;
  int ranks_;
  std::vector<double> speed_;  // by rank
  std::unordered_set<Digest> sealed_;
  double now_ = 0;
  double work_ = 0;
  double messages_ = 0;
  Result result_;
};

}  // namespace

double Result::bound() const { return std::max({by_work, by_chain, by_endpoint}); }

Result simulate(const World& world, const sweep::Plan& plan) { return Simulation(world, plan).run(); }
Result simulate(const World& world) { return simulate(world, plan_of(world)); }

}  // namespace dream::simulation
