#include "sweep/even_out.hpp"

#include <algorithm>
#include <random>

#include "tests/support/test.hpp"

using dream::sweep::even_out;
using dream::sweep::Load;

namespace {

/// What each worker has after the moves.
std::vector<std::int64_t> after(const std::vector<Load>& loads) {
  std::vector<std::int64_t> tasks;
  for (const auto& load : loads) tasks.push_back(load.tasks);
  for (const auto& move : even_out(loads)) {
    BOOST_TEST(move.tasks > 0);
    BOOST_TEST(move.tasks <= loads.at(static_cast<std::size_t>(move.from)).tasks);
    tasks[static_cast<std::size_t>(move.from)] -= move.tasks;
    tasks[static_cast<std::size_t>(move.to)] += move.tasks;
  }
  return tasks;
}

}  // namespace

BOOST_AUTO_TEST_CASE(all_end_at_about_the_same_time) {
  std::mt19937 random(5);
  for (int trial = 0; trial < 200; ++trial) {
    std::vector<Load> loads(1 + random() % 20);
    std::int64_t all = 0;
    double speed = 0;
    for (auto& load : loads) {
      load = {static_cast<std::int64_t>(random() % 300), 0.25 * static_cast<double>(1 + random() % 8)};
      all += load.tasks;
      speed += load.speed;
    }
    const auto tasks = after(loads);
    std::int64_t sum = 0;
    const auto even = static_cast<double>(all) / speed;
    for (std::size_t w = 0; w < loads.size(); ++w) {
      sum += tasks[w];
      BOOST_TEST(tasks[w] >= 0);
      // One task more than its share at most, and the 2 % for which nothing moves.
      BOOST_TEST(static_cast<double>(tasks[w]) / loads[w].speed <= 1.021 * (even + 1.01 / loads[w].speed));
    }
    BOOST_TEST(sum == all);
  }
}

BOOST_AUTO_TEST_CASE(one_without_speed_gives_all_away_and_gets_nothing) {
  const std::vector<std::int64_t> expected{3, 0, 3};
  BOOST_TEST(after({{0, 1}, {6, 0}, {0, 1}}) == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(what_is_even_enough_stays) {
  BOOST_TEST(even_out(std::vector<Load>{{1000, 1}, {1010, 1}, {990, 1}}).empty());
  BOOST_TEST(even_out(std::vector<Load>{{2, 1}, {1, 1}, {2, 1}}).empty());
  BOOST_TEST(even_out(std::vector<Load>{{0, 1}, {0, 1}}).empty());
  BOOST_TEST(even_out(std::vector<Load>{{7, 0}, {7, 0}}).empty());
  BOOST_TEST(even_out(std::vector<Load>{}).empty());
}

BOOST_AUTO_TEST_CASE(as_few_as_possible_move) {
  // Shares 3 3 2 in any order: those that have more keep more.
  const auto moves = even_out(std::vector<Load>{{5, 1}, {3, 1}, {0, 1}});
  BOOST_REQUIRE(moves.size() == 1);
  BOOST_TEST(moves[0].from == 0);
  BOOST_TEST(moves[0].to == 2);
  BOOST_TEST(moves[0].tasks == 2);
}
