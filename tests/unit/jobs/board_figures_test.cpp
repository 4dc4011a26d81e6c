#include "jobs/board_figures.hpp"

#include <cmath>

#include "tests/support/test.hpp"

using namespace dream;

namespace {

stats::FixedMoments moments(const std::vector<double>& values) {
  stats::FixedMoments all;
  for (const auto value : values) all.add(value);
  return all;
}

/// Two trials of one method; their score nodes are 7 and 9.
struct Two {
  config::Config config;
  sweep::Plan plan;
  Two() {
    config.space.methods.emplace_back();
    config.space.methods.back().name = "overlap";
    config.objective.maximize = "faithfulness";
    for (const int node : {7, 9}) {
      sweep::Trial trial;
      trial.number = static_cast<int>(plan.trials.size()) + 1;
      trial.embedder = "minilm";
      trial.k = 4;
      trial.llm = "quote";
      trial.score = node;
      plan.trials.push_back(trial);
    }
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(changes_of_all_ranks_add_up) {
  jobs::Totals totals;
  std::vector<jobs::Changes> ranks(3);
  for (int step = 1; step <= 4; ++step) {
    for (auto& rank : ranks) {
      rank.parts(2);
      rank.calls({step % 3, 10 * step, {0.25 * step, 100 * step}});
      rank.scored(5, moments({0.5, 1}));
      totals.add(rank.take());
    }
  }
  BOOST_TEST(totals.parts == 24);
  BOOST_TEST(totals.in_flight == 3);
  BOOST_TEST(totals.sent == 120);
  BOOST_TEST(totals.usd == 3.0);
  BOOST_TEST(totals.tokens == 1200);
  BOOST_TEST(totals.scores.at(5).count == 24);
  BOOST_TEST(totals.scores.at(5).mean() == 0.75);
  BOOST_TEST(ranks[0].take().empty());
}

BOOST_AUTO_TEST_CASE(the_leader_has_the_highest_mean_and_its_interval) {
  const Two two;
  jobs::Totals totals;
  BOOST_TEST(jobs::leader_of(totals, two.plan, two.config).questions == 0);
  totals.scores[7] = moments({0.2, 0.4, 0.6, 0.8});
  totals.scores[9] = moments({0.9, 0.7});
  const auto leader = jobs::leader_of(totals, two.plan, two.config);
  BOOST_TEST(leader.trial == "trial 2 (overlap, minilm, top_k 4, quote)");
  BOOST_TEST(leader.metric == "faithfulness");
  BOOST_TEST(leader.questions == 2);
  BOOST_TEST(leader.mean == 0.8, boost::test_tools::tolerance(1e-8));
  BOOST_TEST(leader.half_width == 1.96 * 0.1, boost::test_tools::tolerance(1e-4));
}

BOOST_AUTO_TEST_CASE(few_scores_do_not_lead) {
  const Two two;
  jobs::Totals totals;
  totals.scores[7] = moments({0.2, 0.4, 0.6, 0.8, 0.5});
  totals.scores[9] = moments({1, 1});
  BOOST_TEST(jobs::leader_of(totals, two.plan, two.config).trial.starts_with("trial 1"));
  totals.scores.erase(7);
  totals.scores[9] = moments({1});
  BOOST_TEST(jobs::leader_of(totals, two.plan, two.config).questions == 0);
}
