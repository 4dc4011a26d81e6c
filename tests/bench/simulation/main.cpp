// What a large sweep would take on many ranks: the real plan and schedule on a clock of discrete events.
#include <fmt/format.h>

#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "tests/bench/simulation/simulation.hpp"

namespace {

using dream::simulation::Result;
using dream::simulation::World;

void print_head() {
  fmt::print("{:<34} {:>5} {:>10} {:>10} {:>10} {:>10} {:>6} {:>8} {:>9} {:>8} {:>8} {:>9}\n", "scenario",
             "ranks", "seconds", "by work", "by chain", "endpoint", "share", "msg/s", "most/s", "plan MB",
             "parts MB", "sched. s");
}

void print_row(const std::string& name, const World& world, const Result& result, bool stages) {
  fmt::print(
      "{:<34} {:>5} {:>10.1f} {:>10.1f} {:>10.1f} {:>10.1f} {:>6.3f} {:>8.0f} {:>9.0f} {:>8.1f} {:>8.1f} "
      "{:>9.2f}\n",
      name, world.ranks, result.makespan, result.by_work, result.by_chain, result.by_endpoint,
      result.efficiency(), result.messages, result.most_messages,
      static_cast<double>(result.plan_bytes) / 1e6,
      static_cast<double>(result.item_bytes + result.sealed_bytes) / 1e6, result.scheduling);
  for (const auto& stage : result.stages) {
    if (stages && stage.seconds > 0)
      fmt::print("    {:<8} {:>10.1f} s, bound {:>10.1f} s\n", stage.name, stage.seconds, stage.bound);
  }
  std::fflush(stdout);
}

struct Scenario {
  std::string name;
  World world;
};

std::vector<Scenario> scenarios(int ranks) {
  World plain;
  plain.ranks = ranks;
  std::vector<Scenario> all{{"plain", plain}};
  auto working = plain;
  working.coordinator = "working";
  all.push_back({"rank 0 works as well", working});
  auto endpoint = plain;
  endpoint.in_flight = 4 * ranks;
  endpoint.methods = 2;  // so that the calls outweigh the rest
  endpoint.embedders = 2;
  endpoint.llms = 250;
  all.push_back({"endpoint, 4 in flight per rank", endpoint});
  endpoint.in_flight = 3 * ranks / 2;
  all.push_back({"endpoint, 1.5 in flight per rank", endpoint});
  auto lost = plain;
  // A rank every minute.
  for (int i = 1; i <= 5; ++i) lost.losses.push_back(60. * i);
  all.push_back({"5 ranks lost", lost});
  auto slow = plain;
  slow.slow_share = 0.02;
  slow.slow_speed = 0.8;
  all.push_back({"2 % of ranks at 0.8 of the speed", slow});
  slow.slow_speed = 0.5;
  all.push_back({"2 % of ranks at half the speed", slow});
  auto few = plain;
  few.buckets = 64;
  few.shards = 8;
  all.push_back({"64 buckets and 8 shards (defaults)", few});
  return all;
}

}  // namespace

/// usage: sweep_simulation [--stages] [--only WORDS] [RANKS...]      WORDS: a scenario's name begins with
/// them
int main(int argc, char** argv) {
  bool stages = false;
  std::string only;
  std::vector<int> ranks;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--stages")
      stages = true;
    else if (word == "--only" && i + 1 < argc)
      only = argv[++i];
    else
      ranks.push_back(std::atoi(argv[i]));
  }
  if (ranks.empty()) ranks = {16, 64, 256, 1024, 4096};
  print_head();
  std::map<std::string, dream::sweep::Plan> plans;  // they do not depend on the number of ranks
  for (const auto n : ranks) {
    for (const auto& [name, world] : scenarios(n)) {
      if (!name.starts_with(only)) continue;
      const auto size = fmt::format("{} {} {} {}", world.buckets, world.methods, world.embedders, world.llms);
      const auto [plan, is_new] = plans.try_emplace(size);
      if (is_new) plan->second = dream::simulation::plan_of(world);
      print_row(name, world, dream::simulation::simulate(world, plan->second), stages);
    }
  }
}
