#include "trace/gather.hpp"

#include <algorithm>

#include "base/host.hpp"

namespace dream::trace {
namespace {

Bytes pack(const TraceRecord& record) {
  Packer packer;
  packer.put(host_name()).put(record.start).put(record.end).put(record.waited).put(record.names);
  packer.put(record.spans).put(record.counts).put(record.meetings).put(record.stride).put(record.forgotten);
  return packer.take();
}

RankTrace unpack(std::string_view bytes) {
  Unpacker reader(bytes);
  RankTrace rank;
  auto& record = rank.record;
  rank.host = reader.get<std::string>();
  record.start = reader.get<std::int64_t>();
  record.end = reader.get<std::int64_t>();
  record.waited = reader.get<std::int64_t>();
  record.names = reader.get<std::vector<std::string>>();
  record.spans = reader.get<std::vector<TraceRecord::Span>>();
  record.counts = reader.get<std::vector<TraceRecord::Count>>();
  record.meetings = reader.get<std::vector<TraceRecord::Meeting>>();
  record.stride = reader.get<std::int64_t>();
  record.forgotten = reader.get<std::int64_t>();
  return rank;
}

}  // namespace

std::int64_t room_for(int ranks) {
  constexpr std::int64_t together = 1 << 21;
  return std::clamp<std::int64_t>(together / ranks, 512, 1 << 16);
}

void move_times(TraceRecord& record, const ClockOffset& at_start, const ClockOffset& at_end,
                std::int64_t zero) {
  const auto start = record.start;
  const auto lasted = std::max<std::int64_t>(1, record.end - start);
  const auto drift = static_cast<double>(at_end.add - at_start.add) / static_cast<double>(lasted);
  const auto move = [&](std::int64_t& time) {
    time += at_start.add + static_cast<std::int64_t>(drift * static_cast<double>(time - start)) - zero;
  };
  for (auto& span : record.spans) {
    move(span.begin);
    move(span.end);
  }
  for (auto& count : record.counts) move(count.at);
  move(record.start);
  move(record.end);
}

RunTrace gather(comm::Communicator& comm, const Trace& trace, const std::vector<ClockOffset>& at_start) {
  const auto at_end = compare_clocks(comm);
  const auto mine = pack(trace.record());
  const auto all = comm.gather_v(std::span<const char>(mine), 0);
  RunTrace run;
  if (comm.rank() != 0) return run;
  for (int r = 0; r < comm.size(); ++r) {
    const auto bytes = all.from(r);
    run.ranks.push_back(unpack({bytes.data(), bytes.size()}));
  }
  const auto zero = run.ranks.front().record.start;
  for (std::size_t r = 0; r < run.ranks.size(); ++r) {
    move_times(run.ranks[r].record, at_start[r], at_end[r], zero);
    run.clock_error = std::max({run.clock_error, at_start[r].error, at_end[r].error});
  }
  return run;
}

}  // namespace dream::trace
