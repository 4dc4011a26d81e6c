#include "trace/critical_path.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace dream::trace {
namespace {

double seconds(std::int64_t nanoseconds) { return static_cast<double>(nanoseconds) / 1e9; }

/// The time of one stage on the path, by rank.
struct Share {
  std::map<int, std::int64_t> by_rank;
  std::int64_t calls = 0;
};

std::string name_of(const RunTrace& run, int rank, std::int32_t stage) {
  return stage < 0 ? "between stages"
                   : run.ranks[static_cast<std::size_t>(rank)].record.names[static_cast<std::size_t>(stage)];
}

CriticalStage summary(const std::string& name, const Share& share) {
  CriticalStage stage{name, 0, seconds(share.calls), 0, 0};
  for (const auto& [rank, time] : share.by_rank) {
    stage.seconds += seconds(time);
    if (seconds(time) <= stage.rank_seconds) continue;
    stage.rank = rank;
    stage.rank_seconds = seconds(time);
  }
  return stage;
}

}  // namespace

CriticalPath critical_path(const RunTrace& run) {
  CriticalPath path;
  if (run.ranks.empty()) return path;
  // A rank that failed between two meetings may have one more than the others.
  auto meetings = run.ranks.front().record.meetings.size();
  for (const auto& rank : run.ranks) meetings = std::min(meetings, rank.record.meetings.size());
  std::map<std::string, Share> stages;
  for (std::size_t m = 0; m < meetings; ++m) {
    int last = 0;
    std::int64_t longest = -1;
    for (std::size_t r = 0; r < run.ranks.size(); ++r) {
      const auto& all = run.ranks[r].record.meetings;
      const auto busy = all[m].busy - (m == 0 ? 0 : all[m - 1].busy);
      if (busy <= longest) continue;
      longest = busy;
      last = static_cast<int>(r);
    }
    const auto& all = run.ranks[static_cast<std::size_t>(last)].record.meetings;
    auto& share = stages[name_of(run, last, all[m].stage)];
    share.by_rank[last] += longest;
    share.calls += all[m].calls - (m == 0 ? 0 : all[m - 1].calls);
  }
  for (const auto& [name, share] : stages) {
    path.stages.push_back(summary(name, share));
    path.calls += path.stages.back().calls;
  }
  std::ranges::stable_sort(path.stages, std::greater<>(), &CriticalStage::seconds);
  path.run = seconds(run.ranks.front().record.end - run.ranks.front().record.start);
  double waited = 0;
  double lived = 0;
  for (const auto& rank : run.ranks) {
    waited += seconds(rank.record.waited);
    lived += seconds(rank.record.end - rank.record.start);
  }
  path.waited = lived > 0 ? waited / lived : 0;
  return path;
}

std::string CriticalPath::sentence() const {
  constexpr std::size_t named = 3;
  std::string text = "critical path:";
  for (std::size_t i = 0; i < std::min(named, stages.size()); ++i) {
    const auto& stage = stages[i];
    text +=
        fmt::format("{} {} on rank {} ({:.1f} s", i == 0 ? "" : ",", stage.name, stage.rank, stage.seconds);
    if (i == 0) text += fmt::format(" of {:.1f} s", run);
    if (stage.seconds - stage.rank_seconds >= 0.05)
      text += fmt::format(", {:.1f} s of them there", stage.rank_seconds);
    text += ")";
  }
  if (calls >= 0.05) text += fmt::format(", waiting for calls {:.1f} s", calls);
  return text + fmt::format("; ranks waited {:.0f} % of their time for each other", 100 * waited);
}

}  // namespace dream::trace
