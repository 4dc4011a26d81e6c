#include "calls/place_index.hpp"

#include <algorithm>
#include <ranges>

namespace dream::calls {
namespace {

constexpr std::size_t unsorted = 512;

}  // namespace

void PlaceIndex::add(const Digest& key, std::uint64_t offset) {
  runs_.back().push_back({key.prefix(), offset});
  if (runs_.back().size() < unsorted) return;
  std::ranges::sort(runs_.back(), std::less<>());
  // Runs of like size become one, so there are few, and each record is moved few times.
  while (runs_.size() > 1 && runs_[runs_.size() - 2].size() <= runs_.back().size()) {
    const auto& a = runs_[runs_.size() - 2];
    const auto& b = runs_.back();
    std::vector<Entry> merged(a.size() + b.size());
    std::ranges::merge(a, b, merged.begin(), std::less<>());
    runs_.pop_back();
    runs_.back() = std::move(merged);
  }
  runs_.emplace_back();
}

void PlaceIndex::find(const Digest& key, const std::function<bool(std::uint64_t)>& matches) const {
  const auto wanted = key.prefix();
  for (const auto& entry : std::views::reverse(runs_.back())) {
    if (entry.key == wanted && matches(entry.offset)) return;
  }
  for (auto run = runs_.rbegin() + 1; run != runs_.rend(); ++run) {
    const auto [begin, end] = std::ranges::equal_range(*run, wanted, {}, &Entry::key);
    for (auto entry = begin; entry != end; ++entry) {
      if (matches(entry->offset)) return;
    }
  }
}

}  // namespace dream::calls
