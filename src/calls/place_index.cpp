#include "calls/place_index.hpp"

#include <algorithm>
#include <ranges>
#include <utility>

#include "base/access.hpp"
#include "base/errors.hpp"

namespace dream::calls {
namespace {

constexpr std::size_t most_in_memory = 4096;

}  // namespace

PlaceIndex::PlaceIndex(std::filesystem::path folder, std::string stem)
    : folder_(std::move(folder)), stem_(std::move(stem)) {}

void PlaceIndex::add(const RecordPlace& place) {
  const auto at = std::ranges::lower_bound(recent_, place.key, {}, &RecordPlace::key);
  if (at != recent_.end() && at->key == place.key)
    *at = place;
  else
    recent_.insert(at, place);
  if (recent_.size() >= most_in_memory) move_to_disk();
}

std::optional<RecordPlace> PlaceIndex::find(const Digest& key) const {
  const auto at = std::ranges::lower_bound(recent_, key, {}, &RecordPlace::key);
  if (at != recent_.end() && at->key == key) return *at;
  for (const auto& run : std::views::reverse(runs_)) {
    if (auto place = run.find(key)) return place;
  }
  return std::nullopt;
}

std::filesystem::path PlaceIndex::next_file() {
  return folder_ / (stem_ + "." + std::to_string(files_++) + ".places");
}

void PlaceIndex::move_to_disk() {
  if (files_ == 0) {
    std::error_code error;
    std::filesystem::create_directories(folder_, error);
    if (error) throw StateError(folder_.string(), "", "cannot create folder: " + why(folder_, error.value()));
  }
  std::size_t next = 0;
  runs_.emplace_back(next_file(), [&]() -> std::optional<RecordPlace> {
    if (next == recent_.size()) return std::nullopt;
    return recent_[next++];
  });
  recent_.clear();
  // Runs of like size become one, so there are few to look into, and each place is moved few times.
  while (runs_.size() > 1 && runs_[runs_.size() - 2].size() <= runs_.back().size()) {
    auto merged = merge(next_file(), runs_.back(), runs_[runs_.size() - 2]);
    runs_.pop_back();
    runs_.back() = std::move(merged);
  }
}

}  // namespace dream::calls
