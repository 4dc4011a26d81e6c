#include "trace/critical_path.hpp"

#include "tests/support/test.hpp"

using dream::TraceRecord;
using namespace dream::trace;

namespace {

constexpr std::int64_t second = 1'000'000'000;

/// A rank that was busy for so many seconds before each meeting, in stages "chunk" (first) and "score".
RankTrace rank(std::vector<std::int64_t> busy, std::vector<int> stages,
               std::vector<std::int64_t> calls = {}) {
  RankTrace rank;
  rank.host = "host";
  rank.record.names = {"chunk", "score"};
  std::int64_t sum = 0;
  std::int64_t asked = 0;
  for (std::size_t i = 0; i < busy.size(); ++i) {
    sum += busy[i] * second;
    if (i < calls.size()) asked += calls[i] * second;
    rank.record.meetings.push_back({sum, asked, stages[i]});
  }
  rank.record.end = 20 * second;
  rank.record.waited = 20 * second - sum;
  return rank;
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_path_runs_over_who_comes_last) {
  // Meetings:                 chunk chunk score
  //   rank 0                    4     1     2
  //   rank 1                    2     5     1     its second stretch is the longest
  //   rank 2                    3     1     9     of them 8 waiting for calls
  const std::vector<int> stages{0, 0, 1};
  RunTrace run;
  run.ranks = {rank({4, 1, 2}, stages), rank({2, 5, 1}, stages), rank({3, 1, 9}, stages, {0, 0, 8})};
  const auto path = critical_path(run);
  BOOST_REQUIRE(path.stages.size() == 2U);
  // Equally long: by name. chunk: rank 0 for 4 s, then rank 1 for 5 s.
  BOOST_TEST(path.stages[0].name == "chunk");
  BOOST_TEST(path.stages[0].seconds == 9);
  BOOST_TEST(path.stages[0].rank == 1);
  BOOST_TEST(path.stages[0].rank_seconds == 5);
  BOOST_TEST(path.stages[0].calls == 0);
  BOOST_TEST(path.stages[1].name == "score");
  BOOST_TEST(path.stages[1].seconds == 9);
  BOOST_TEST(path.stages[1].rank == 2);
  BOOST_TEST(path.stages[1].calls == 8);
  BOOST_TEST(path.calls == 8);
  BOOST_TEST(path.run == 20);
  BOOST_TEST(path.waited == (13. + 12. + 7.) / 60, boost::test_tools::tolerance(1e-9));
  BOOST_TEST(path.sentence() ==
             "critical path: chunk on rank 1 (9.0 s of 20.0 s, 5.0 s of them there), score on rank 2 (9.0 "
             "s), waiting "
             "for calls 8.0 s; ranks waited 53 % of their time for each other");
}

BOOST_AUTO_TEST_CASE(a_meeting_that_not_all_have_reached_is_left_out) {
  RunTrace run;
  run.ranks = {rank({4, 1}, {0, 0}), rank({2}, {0})};
  const auto path = critical_path(run);
  BOOST_REQUIRE(path.stages.size() == 1U);
  BOOST_TEST(path.stages[0].seconds == 4);
}

BOOST_AUTO_TEST_CASE(outside_of_stages_and_without_ranks) {
  RunTrace run;
  BOOST_TEST(critical_path(run).stages.empty());
  run.ranks = {rank({3}, {-1})};
  BOOST_TEST(critical_path(run).stages[0].name == "between stages");
}
