#include <algorithm>

#include "stages/score/quantities.hpp"
#include "stages/score/text_metrics.hpp"

namespace dream::score {

std::optional<double> numeric_match(std::string_view answer, std::string_view reference) {
  std::vector<Quantity> wanted;
  for (auto& quantity : quantities_of(reference)) {
    const bool known = std::ranges::any_of(wanted, [&quantity](const Quantity& one) {
      return one.value == quantity.value && one.unit == quantity.unit;
    });
    if (!known) wanted.push_back(std::move(quantity));
  }
  if (wanted.empty()) return std::nullopt;
  const auto said = quantities_of(answer);
  const auto found = std::ranges::count_if(wanted, [&said](const Quantity& quantity) {
    return std::ranges::any_of(said, [&](const Quantity& one) { return same_quantity(quantity, one); });
  });
  return static_cast<double>(found) / static_cast<double>(wanted.size());
}

}  // namespace dream::score
