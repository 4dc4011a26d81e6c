#include "base/trace.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <utility>

namespace dream {

struct TraceState {
  std::size_t most = 0;
  Trace::Clock clock;
  TraceRecord record;
  std::map<std::string, std::int32_t, std::less<>> names;
  std::map<std::int32_t, std::int64_t> counters;  // last value
  std::int32_t stage = -1;
  std::int64_t calls = 0;
  std::int64_t met = 0;
  std::int64_t shortest = 0;                         // spans below it are not kept
  std::int64_t spacing = 0;                          // counts closer than this to the one before are not kept
  std::map<std::int32_t, std::int64_t> last_counts;  // when each counter was kept last

  std::int32_t name(std::string_view text) {
    const auto found = names.find(text);
    if (found != names.end()) return found->second;
    record.names.emplace_back(text);
    return names.emplace(text, static_cast<std::int32_t>(names.size())).first->second;
  }

  /// Stages are few, and the frame of all else: they stay.
  [[nodiscard]] bool too_short(const TraceRecord::Span& span) const {
    return span.track != Track::stage && span.end - span.begin < shortest;
  }

  void keep(const TraceRecord::Span& span) {
    if (too_short(span)) {
      ++record.forgotten;
      return;
    }
    record.spans.push_back(span);
    if (record.spans.size() < most) return;
    // The shorter half goes, and whatever comes and is as short.
    std::vector<std::int64_t> lengths;
    for (const auto& one : record.spans) lengths.push_back(one.end - one.begin);
    const auto middle = lengths.begin() + std::ssize(lengths) / 2;
    std::ranges::nth_element(lengths, middle);
    shortest = std::max(shortest, *middle) + 1;
    const auto gone = std::erase_if(record.spans, [&](const auto& one) { return too_short(one); });
    record.forgotten += static_cast<std::int64_t>(gone);
  }

  void keep(const TraceRecord::Count& count) {
    // What a counter has come to rest at must not be lost, or it would seem to stay where it was.
    auto& counted_at = last_counts[count.name];
    if (count.value != 0 && count.at - counted_at < spacing) {
      ++record.forgotten;
      return;
    }
    counted_at = count.at;
    record.counts.push_back(count);
    if (record.counts.size() < most) return;
    spacing = std::max<std::int64_t>(1000, 2 * (count.at - record.start) / static_cast<std::int64_t>(most));
    // Every second one of each counter.
    std::map<std::int32_t, int> seen;
    auto gone = std::erase_if(record.counts,
                              [&](const auto& one) { return seen[one.name]++ % 2 != 0 && one.value != 0; });
    if (gone == 0) {
      gone = record.counts.size() - most / 2;
      record.counts.erase(record.counts.begin(), record.counts.begin() + static_cast<std::ptrdiff_t>(gone));
    }
    record.forgotten += static_cast<std::int64_t>(gone);
  }

  void keep(const TraceRecord::Meeting& meeting) {
    if (met++ % record.stride != 0) return;
    record.meetings.push_back(meeting);
    if (record.meetings.size() < most) return;
    // By the meeting's number alone: every rank keeps the same ones.
    std::size_t at = 0;
    std::erase_if(record.meetings, [&](const auto&) { return at++ % 2 != 0; });
    record.stride *= 2;
  }
};

Trace Trace::recording(std::int64_t most, Clock clock) {
  Trace trace;
  trace.state_ = std::make_shared<TraceState>();
  trace.state_->most = static_cast<std::size_t>(std::max<std::int64_t>(most, 2));
  trace.state_->clock = std::move(clock);
  trace.state_->record.start = trace.state_->clock();
  return trace;
}

Trace::Span Trace::span(Track track, std::string_view name, std::int64_t number) const {
  Span span;
  if (!state_) return span;
  span.state_ = state_;
  span.span_ = {state_->clock(), 0, number, state_->name(name), track};
  if (track == Track::stage) span.outer_ = std::exchange(state_->stage, span.span_.name);
  return span;
}

Trace::Span::~Span() {
  if (!state_) return;
  span_.end = state_->clock();
  const auto lasted = span_.end - span_.begin;
  if (span_.track == Track::wait) state_->record.waited += lasted;
  if (span_.track == Track::calls) state_->calls += lasted;
  if (span_.track == Track::stage) state_->stage = outer_;
  state_->keep(span_);
}

void Trace::count(std::string_view name, std::int64_t value) const {
  if (!state_) return;
  const auto counter = state_->name(name);
  const auto [last, is_new] = state_->counters.try_emplace(counter, value);
  if (!is_new && last->second == value) return;
  last->second = value;
  state_->keep(TraceRecord::Count{state_->clock(), value, counter});
}

void Trace::meet() const {
  if (!state_) return;
  const auto busy = state_->clock() - state_->record.start - state_->record.waited;
  state_->keep(TraceRecord::Meeting{busy, state_->calls, state_->stage});
}

TraceRecord Trace::record() const {
  if (!state_) return {};
  state_->record.end = state_->clock();
  return state_->record;
}

std::int64_t Trace::steady() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace dream
