#include "base/near_names.hpp"

#include <algorithm>
#include <numeric>
#include <vector>

namespace dream {
namespace {

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, change});
    }
  }
  return row[b.size()];
}

}  // namespace

std::string suggest(std::string_view name, std::span<const std::string> known) {
  if (known.empty()) return "";
  const auto* best = &known[0];
  auto best_distance = edit_distance(name, *best);
  for (const auto& candidate : known) {
    const auto distance = edit_distance(name, candidate);
    if (distance < best_distance) {
      best = &candidate;
      best_distance = distance;
    }
  }
  if (best_distance <= std::max<std::size_t>(2, name.size() / 3)) return "; did you mean \"" + *best + "\"?";
  std::string list = "; known: ";
  for (std::size_t i = 0; i < known.size(); ++i) list += (i ? ", " : "") + known[i];
  return list;
}

}  // namespace dream
