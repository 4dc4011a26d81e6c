#include "trace/perfetto.hpp"

#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>

namespace dream::trace {
namespace {

constexpr std::array<const char*, track_count> track_names{"stages", "work", "waiting for ranks",
                                                           "waiting for calls"};

std::string quoted(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

double micro(std::int64_t nanoseconds) { return static_cast<double>(nanoseconds) / 1000; }

/// Thread 0 has no name in the viewer, so tracks count from 1.
int thread_of(Track track) { return static_cast<int>(track) + 1; }

}  // namespace

void write_perfetto(const RunTrace& run, const std::function<void(std::string_view)>& put) {
  std::int64_t forgotten = 0;
  for (const auto& rank : run.ranks) forgotten += rank.record.forgotten;
  put(
      fmt::format("{{\"displayTimeUnit\":\"ms\",\"otherData\":{{\"ranks\":{},\"clock_error_us\":{:.3f},"
                  "\"forgotten\":{}}},\n\"traceEvents\":[",
                  run.ranks.size(), micro(run.clock_error), forgotten));
  const char* between = "\n";
  const auto event = [&](const std::string& text) {
    put(between);
    put(text);
    between = ",\n";
  };
  for (std::size_t r = 0; r < run.ranks.size(); ++r) {
    const auto& [host, record] = run.ranks[r];
    event(fmt::format(R"({{"ph":"M","pid":{},"name":"process_name","args":{{"name":{}}}}})", r,
                      quoted(fmt::format("rank {} on {}", r, host))));
    event(
        fmt::format(R"({{"ph":"M","pid":{0},"name":"process_sort_index","args":{{"sort_index":{0}}}}})", r));
    for (std::size_t track = 0; track < track_names.size(); ++track)
      event(fmt::format(R"({{"ph":"M","pid":{},"tid":{},"name":"thread_name","args":{{"name":"{}"}}}})", r,
                        thread_of(static_cast<Track>(track)), track_names[track]));
    std::vector<std::string> names;
    for (const auto& name : record.names) names.push_back(quoted(name));
    for (const auto& span : record.spans) {
      const auto number = span.number < 0 ? "" : fmt::format(R"(,"args":{{"number":{}}})", span.number);
      event(fmt::format(R"({{"ph":"X","pid":{},"tid":{},"ts":{:.3f},"dur":{:.3f},"name":{}{}}})", r,
                        thread_of(span.track), micro(span.begin), micro(span.end - span.begin),
                        names[static_cast<std::size_t>(span.name)], number));
    }
    for (const auto& count : record.counts)
      event(fmt::format(R"({{"ph":"C","pid":{},"ts":{:.3f},"name":{},"args":{{"value":{}}}}})", r,
                        micro(count.at), names[static_cast<std::size_t>(count.name)], count.value));
  }
  put("\n]}\n");
}

}  // namespace dream::trace
