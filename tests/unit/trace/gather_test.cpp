#include "trace/gather.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <thread>

#include "comm/agree.hpp"
#include "comm/traced.hpp"
#include "tests/support/test.hpp"
#include "trace/critical_path.hpp"
#include "trace/perfetto.hpp"

using namespace dream::trace;
using dream::Trace;
using dream::TraceRecord;
using dream::Track;

namespace {

constexpr std::int64_t milli = 1'000'000;

std::string json_of(const RunTrace& run) {
  std::string text;
  write_perfetto(run, [&](std::string_view piece) { text += piece; });
  return text;
}

}  // namespace

BOOST_AUTO_TEST_CASE(clocks_are_compared_by_barriers) {
  // The other clock is 1000 behind. True times; barrier 1: root comes at 10, the other at 50, both leave soon
  // after.
  const std::vector<Passage> root{{10, 53}, {100, 141}};
  const std::vector<Passage> other{{50 - 1000, 58 - 1000}, {139 - 1000, 140 - 1000}};
  const auto offset = offset_between(root, other);
  // Barrier 1: 10 - (58 - 1000) = 952 <= add <= 53 - (50 - 1000) = 1003; barrier 2: 960 <= add <= 1002.
  BOOST_TEST(offset.add == 981);
  BOOST_TEST(offset.error == 21);
  BOOST_TEST(std::abs(offset.add - 1000) <= offset.error);
  // One clock, as on one host: the same passages without the shift.
  const std::vector<Passage> beside{{50, 58}, {139, 140}};
  BOOST_TEST(offset_between(root, beside).add == 0);
  BOOST_TEST(offset_between(root, beside).error == 40);
}

BOOST_AUTO_TEST_CASE(times_move_onto_the_clock_of_rank_0) {
  TraceRecord record;
  record.start = 1000;
  record.end = 2000;
  record.spans = {{1000, 2000, -1, 0, Track::stage}, {1500, 1600, -1, 0, Track::work}};
  record.counts = {{1500, 1, 0}};
  move_times(record, {500, 0}, {600, 0}, 1500);  // drifts by 100 in 1000
  BOOST_TEST(record.start == 0);
  BOOST_TEST(record.end == 1100);
  BOOST_TEST(record.spans[1].begin == 550);
  BOOST_TEST(record.spans[1].end == 660);
  BOOST_TEST(record.counts[0].at == 550);
}

BOOST_AUTO_TEST_CASE(the_file_is_what_the_viewer_reads) {
  RunTrace run;
  run.clock_error = 1500;
  for (int r = 0; r < 2; ++r) {
    RankTrace rank;
    rank.host = "node\"1\"";
    rank.record.names = {"embed", "a | \"b\"\n", "calls in flight"};
    rank.record.spans = {{1000, 9000, -1, 0, Track::stage}, {2000, 3500, 4, 1, Track::work}};
    rank.record.counts = {{2500, 3, 2}};
    rank.record.forgotten = 2;
    run.ranks.push_back(rank);
  }
  const auto json = nlohmann::json::parse(json_of(run));
  BOOST_TEST(json.at("otherData").at("clock_error_us") == 1.5);
  BOOST_TEST(json.at("otherData").at("forgotten") == 4);
  std::map<std::string, int> kinds;
  for (const auto& event : json.at("traceEvents")) {
    ++kinds[event.at("ph").get<std::string>()];
    if (event.at("name") == "process_name" && event.at("pid") == 1)
      BOOST_TEST(event.at("args").at("name") == "rank 1 on node\"1\"");
    if (event.at("name") == "a | \"b\"\n") {
      BOOST_TEST(event.at("ts") == 2.0);
      BOOST_TEST(event.at("dur") == 1.5);
      BOOST_TEST(event.at("tid") == 2);
      BOOST_TEST(event.at("args").at("number") == 4);
    }
  }
  BOOST_TEST(kinds["X"] == 4);
  BOOST_TEST(kinds["C"] == 2);
  BOOST_TEST(kinds["M"] == 2 * (2 + dream::track_count));
}

BOOST_AUTO_TEST_CASE(waits_are_told_and_the_slow_rank_is_the_path, *dream::test::ranks({1, 2, 3})) {
  auto plain = dream::test::world();
  const auto trace = Trace::recording(1000);
  auto comm = dream::comm::traced(plain, trace);
  const auto at_start = compare_clocks(comm);
  const int slow = comm.size() - 1;
  {
    const auto stage = trace.span(Track::stage, "chunk");
    for (int round = 0; round < 3; ++round) {
      dream::comm::agree(comm, [&] {
        const auto part = trace.span(Track::work, "part", round);
        std::this_thread::sleep_for(std::chrono::milliseconds(comm.rank() == slow ? 40 : 1));
      });
    }
  }
  const auto run = gather(comm, trace, at_start);
  if (comm.rank() != 0) {
    BOOST_TEST(run.ranks.empty());
    return;
  }
  BOOST_REQUIRE(std::ssize(run.ranks) == comm.size());
  for (int r = 0; r < comm.size(); ++r) {
    const auto& record = run.ranks[static_cast<std::size_t>(r)].record;
    BOOST_TEST(std::ranges::count(record.spans, Track::work, &TraceRecord::Span::track) == 3);
    std::int64_t waited = 0;
    for (const auto& span : record.spans) {
      if (span.track == Track::wait) waited += span.end - span.begin;
    }
    BOOST_TEST(std::abs(waited - record.waited) < milli);
    if (r != slow) BOOST_TEST(waited > 3 * 30 * milli, "rank " << r << " waits for the slow one: " << waited);
    BOOST_TEST(record.meetings.size() == run.ranks[0].record.meetings.size());
  }
  const auto path = critical_path(run);
  BOOST_TEST(path.stages[0].name == "chunk");
  BOOST_TEST(path.stages[0].rank == slow);
  BOOST_TEST(path.stages[0].seconds > 0.1);
}

BOOST_AUTO_TEST_CASE(a_group_without_a_trace_is_itself, *dream::test::ranks({2})) {
  auto plain = dream::test::world();
  auto comm = dream::comm::traced(plain, Trace());
  BOOST_TEST(comm.name() == plain.name());
  BOOST_TEST(comm.all_reduce(1, dream::comm::Reduce::sum) == 2);
}
