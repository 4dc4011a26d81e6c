#include "tests/bench/simulation/simulation.hpp"

#include "sweep/schedule.hpp"
#include "tests/support/test.hpp"

using namespace dream::simulation;

namespace {

/// A sweep of 40 trials that 32 ranks do in a minute or two.
World small() {
  World world;
  world.ranks = 32;
  world.coordinator = "working";
  world.documents = 40'000;
  world.questions = 64;
  world.buckets = 1024;
  world.shards = 64;
  world.methods = 4;
  world.embedders = 2;
  world.top_k = 5;
  world.llms = 1;
  return world;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_simulated_sweep_makes_every_part_and_comes_near_its_bound) {
  const auto world = small();
  const auto result = simulate(world);
  // read, gold, chunk, embed of 1024 buckets; query, select, score of 16 slices; index of 64 shards; search.
  const auto expected = 1024 * (1 + 1 + 4 + 8) + 16 * (2 + 40 + 40) + 64 * 8 + 8;
  BOOST_TEST(result.parts == expected);
  BOOST_TEST(result.makespan >= result.bound());
  BOOST_TEST(result.efficiency() > 0.9);
  BOOST_TEST(result.messages > 0);
  BOOST_TEST(result.plan_bytes > 0);
}

BOOST_AUTO_TEST_CASE(one_rank_does_all_the_work_itself) {
  auto world = small();
  world.ranks = 1;
  const auto result = simulate(world);
  BOOST_TEST(result.efficiency() > 0.97);
  BOOST_TEST(result.efficiency() <= 1);
}

BOOST_AUTO_TEST_CASE(lost_ranks_cost_what_they_would_have_done) {
  auto world = small();
  const auto whole = simulate(world);
  world.losses = {10, 30};
  const auto result = simulate(world);
  BOOST_TEST(result.lost == 2);
  BOOST_TEST(result.parts == whole.parts);
  BOOST_TEST(result.makespan > whole.makespan + 2 * world.costs.plan_again - 1);
  BOOST_TEST(result.makespan < 1.2 * whole.makespan + 3 * world.costs.plan_again);
}

BOOST_AUTO_TEST_CASE(an_endpoint_is_kept_busy_whatever_its_share_for_a_rank) {
  auto world = small();
  world.llms = 40;
  for (const std::int64_t in_flight : {8, 32, 40, 65, 128}) {
    world.in_flight = in_flight;
    const auto result = simulate(world);
    BOOST_TEST(result.stages.back().bound / result.stages.back().seconds > 0.9, "in flight: " << in_flight);
    BOOST_TEST(result.makespan >= result.bound());
  }
}

BOOST_AUTO_TEST_CASE(slow_ranks_get_less_to_do) {
  auto world = small();
  world.slow_share = 0.1;
  for (const double speed : {0.8, 0.5, 0.25}) {
    world.slow_speed = speed;
    const auto result = simulate(world);
    BOOST_TEST(result.efficiency() > 0.85, "speed: " << speed << ", share: " << result.efficiency());
    BOOST_TEST(result.makespan >= result.bound());
  }
}

BOOST_AUTO_TEST_CASE(callers_have_equal_parts_of_an_endpoint) {
  const auto callers = [](int workers, std::int64_t in_flight) {
    return dream::sweep::callers_of({1, workers}, in_flight).count;
  };
  BOOST_TEST(callers(15, 64) == 8);   // 8 each; of 15 callers most would have 4, and use 60
  BOOST_TEST(callers(3, 4) == 2);     // 2 each
  BOOST_TEST(callers(3, 2) == 2);     // 1 each
  BOOST_TEST(callers(32, 33) == 32);  // 1 each: with 16 callers as many
  BOOST_TEST(callers(1023, 1536) == 768);
  BOOST_TEST(callers(1, 5) == 1);
  BOOST_TEST(callers(4, 64) == 4);
}

BOOST_AUTO_TEST_CASE(searches_fill_all_ranks_though_shards_are_few) {
  auto world = small();
  world.shards = 8;
  world.methods = 32;
  world.top_k = 1;
  const auto result = simulate(world);
  const auto& search = result.stages[static_cast<std::size_t>(dream::sweep::Stage::search)];
  BOOST_TEST(search.bound / search.seconds > 0.7);
}
