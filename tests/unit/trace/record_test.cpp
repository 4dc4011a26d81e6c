#include <optional>

#include "base/trace.hpp"
#include "tests/support/test.hpp"

using dream::Trace;
using dream::TraceRecord;
using dream::Track;

namespace {

/// A clock that stands still until it is moved.
struct Hands {
  std::int64_t now = 0;
  [[nodiscard]] Trace trace(std::int64_t most) {
    return Trace::recording(most, [this] { return now; });
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_trace_that_does_not_record_does_nothing) {
  const Trace trace;
  {
    const auto span = trace.span(Track::stage, "read");
    trace.count("calls", 3);
    trace.meet();
  }
  BOOST_TEST(!trace.records());
  BOOST_TEST(trace.record().spans.empty());
}

BOOST_AUTO_TEST_CASE(spans_counts_and_meetings_are_recorded) {
  Hands hands;
  hands.now = 100;
  const auto trace = hands.trace(10);
  {
    const auto stage = trace.span(Track::stage, "embed");
    hands.now = 110;
    {
      const auto part = trace.span(Track::work, "overlap", 7);
      hands.now = 130;
    }
    trace.count("calls in flight", 2);
    trace.count("calls in flight", 2);
    trace.meet();
    {
      const auto wait = trace.span(Track::wait, "all_reduce");
      hands.now = 170;
    }
    {
      const auto calls = trace.span(Track::calls, "calls");
      hands.now = 175;
    }
    trace.meet();
  }
  trace.meet();
  hands.now = 180;
  const auto record = trace.record();
  BOOST_TEST(record.start == 100);
  BOOST_TEST(record.end == 180);
  BOOST_TEST(record.waited == 40);
  BOOST_REQUIRE(record.spans.size() == 4U);
  const auto& part = record.spans[0];
  BOOST_TEST(record.names[static_cast<std::size_t>(part.name)] == "overlap");
  BOOST_TEST(part.begin == 110);
  BOOST_TEST(part.end == 130);
  BOOST_TEST(part.number == 7);
  const auto& stage = record.spans[3];
  BOOST_TEST(stage.begin == 100);
  BOOST_TEST(stage.end == 175);
  BOOST_TEST(record.counts.size() == 1U);  // the same value twice is one
  BOOST_REQUIRE(record.meetings.size() == 3U);
  BOOST_TEST(record.meetings[0].busy == 30);
  BOOST_TEST(record.meetings[0].calls == 0);
  BOOST_TEST(record.meetings[0].stage == stage.name);
  BOOST_TEST(record.meetings[1].busy == 35);  // 75 since the start, 40 of them waiting for ranks
  BOOST_TEST(record.meetings[1].calls == 5);
  BOOST_TEST(record.meetings[2].stage == -1);
}

BOOST_AUTO_TEST_CASE(a_full_trace_forgets_the_shortest_and_says_so) {
  Hands hands;
  const auto trace = hands.trace(100);
  std::int64_t made = 0;
  {
    const auto stage = trace.span(Track::stage, "chunk");
    for (std::int64_t i = 0; i < 5000; ++i) {
      const auto span = trace.span(Track::work, "part", i);
      hands.now += i % 100 == 99 ? 1'000'000'000 : 10'000;
      ++made;
    }
  }
  const auto record = trace.record();
  BOOST_TEST(record.spans.size() <= 100U);
  BOOST_TEST(record.forgotten + std::ssize(record.spans) == made + 1);
  // The fifty long ones are all there, over the whole time, and so is the stage.
  const auto of_a_second = [](const auto& span) {
    return span.track == Track::work && span.end - span.begin == 1'000'000'000;
  };
  BOOST_TEST(std::ranges::count_if(record.spans, of_a_second) == 50);
  BOOST_TEST(std::ranges::count(record.spans, Track::stage, &TraceRecord::Span::track) == 1);
}

BOOST_AUTO_TEST_CASE(full_counts_and_meetings_thin_out) {
  Hands hands;
  const auto trace = hands.trace(64);
  for (std::int64_t i = 0; i < 10'000; ++i) {
    hands.now += 1'000'000;
    trace.count("calls in flight", i % 2 == 0 ? i + 10 : 5);
    trace.meet();
  }
  trace.count("calls in flight", 0);
  const auto record = trace.record();
  BOOST_TEST(record.counts.size() <= 64U);
  BOOST_TEST(record.counts.size() >= 16U);
  BOOST_TEST(record.counts.back().value == 0);
  BOOST_TEST(record.forgotten + std::ssize(record.counts) == 10'001);
  BOOST_TEST(record.meetings.size() <= 64U);
  BOOST_TEST(record.stride == 256);
  // What is kept are the meetings 0, stride, 2 stride, ...: the same ones on every rank.
  for (std::size_t i = 0; i < record.meetings.size(); ++i)
    BOOST_TEST(record.meetings[i].busy == (static_cast<std::int64_t>(i) * record.stride + 1) * 1'000'000);
}
