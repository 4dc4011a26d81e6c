#include "sweep/assign.hpp"

#include <algorithm>
#include <numeric>
#include <random>

#include "tests/support/test.hpp"

using dream::sweep::assign;
using dream::sweep::choose_workers;

namespace {

std::vector<std::int64_t> loads(const std::vector<std::int64_t>& weights, const std::vector<int>& owner,
                                int workers) {
  std::vector<std::int64_t> load(static_cast<std::size_t>(workers), 0);
  for (std::size_t i = 0; i < weights.size(); ++i) load.at(static_cast<std::size_t>(owner[i])) += weights[i];
  return load;
}

/// The best possible heaviest load, by trying everything.
std::int64_t best_split(const std::vector<std::int64_t>& weights, std::vector<std::int64_t>& load,
                        std::size_t at = 0) {
  if (at == weights.size()) return *std::ranges::max_element(load);
  auto best = std::numeric_limits<std::int64_t>::max();
  for (auto& l : load) {
    l += weights[at];
    best = std::min(best, best_split(weights, load, at + 1));
    l -= weights[at];
  }
  return best;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_split_is_within_a_third_of_the_best) {
  std::mt19937 random(11);
  for (int trial = 0; trial < 60; ++trial) {
    const int workers = 1 + trial % 4;
    std::vector<std::int64_t> weights(1 + static_cast<std::size_t>(trial) % 8);
    for (auto& weight : weights) weight = 1 + static_cast<std::int64_t>(random() % 50);
    const auto owner = assign(weights, workers);
    const auto load = loads(weights, owner, workers);
    std::vector<std::int64_t> none(static_cast<std::size_t>(workers), 0);
    const auto best = best_split(weights, none);
    // 4/3 - 1/(3 m), Graham 1969; in integers.
    BOOST_TEST(*std::ranges::max_element(load) * 3 * workers <= best * (4 * workers - 1));
  }
}

BOOST_AUTO_TEST_CASE(a_known_split) {
  // Heaviest first to the least loaded: 7 -> 0, 6 -> 1, 5 -> 1 (6 < 7), 4 -> 0, 3 -> 0 (11 = 11: the lower
  // one), 2 -> 1.
  const std::vector<int> expected{1, 0, 1, 0, 0, 1};
  BOOST_TEST(assign(std::vector<std::int64_t>{2, 3, 5, 4, 7, 6}, 2) == expected,
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_slow_worker_gets_less_and_nothing_large) {
  const std::vector<double> speeds{1, 0.5, 1};
  const std::vector<std::int64_t> weights(500, 7);
  const auto load = loads(weights, assign(weights, 3, speeds), 3);
  BOOST_TEST(load[0] == load[2]);
  BOOST_TEST(load[1] * 2 == load[0]);
  const std::vector<int> expected{0, 2, 1};
  BOOST_TEST(assign(std::vector<std::int64_t>{100, 90, 30}, 3, speeds) == expected,
             boost::test_tools::per_element());
  const std::vector<double> alike(3, 1);
  BOOST_TEST(assign(weights, 3, alike) == assign(weights, 3), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(items_without_weight_are_spread_too) {
  const auto owner = assign(std::vector<std::int64_t>(1000, 0), 4);
  for (int w = 0; w < 4; ++w) BOOST_TEST(std::ranges::count(owner, w) == 250);
  BOOST_TEST(assign(std::vector<std::int64_t>{}, 3).empty());
}

BOOST_AUTO_TEST_CASE(rank_0_coordinates_from_eight_ranks_on) {
  struct Expected {
    int ranks;
    const char* coordinator;
    int first, count;
  };
  for (const auto& e : {Expected{1, "auto", 0, 1},
                        {1, "dedicated", 0, 1},
                        {2, "auto", 0, 2},
                        {7, "auto", 0, 7},
                        {8, "auto", 1, 7},
                        {2, "dedicated", 1, 1},
                        {16, "working", 0, 16},
                        {4096, "auto", 1, 4095}}) {
    const auto workers = choose_workers(e.ranks, e.coordinator);
    BOOST_TEST(workers.first == e.first, e.ranks << " " << e.coordinator);
    BOOST_TEST(workers.count == e.count, e.ranks << " " << e.coordinator);
    BOOST_TEST(workers.has(0) == (e.first == 0));
    BOOST_TEST(workers.has(e.ranks - 1));
    BOOST_TEST(!workers.has(e.ranks));
  }
}
