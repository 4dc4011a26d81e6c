#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace dream::score {

/// A number with its unit, as filings write it: "$1.2 billion", "(3,400)", "12 percent".
struct Quantity {
  double value = 0;       ///< scale and sign applied
  double resolution = 0;  ///< what one more in the last written digit would add
  std::string unit;       ///< "USD", "EUR", "GBP", "JPY", "INR", "%", or "" for none
};

/// The quantities of a text, in order. Digits are ASCII. Thousands are set apart by commas, points,
/// apostrophes or narrow spaces, decimals by a point or a comma. Numbers that belong to a name ("Q3", "10-K",
/// "COVID-19") or mark the items of a list are none.
[[nodiscard]] std::vector<Quantity> quantities_of(std::string_view text);

/// Whether two quantities say the same: units agree or one has none (but percent is no plain number), and the
/// values differ by no more than half of the coarser last digit and no more than 1 %.
[[nodiscard]] bool same_quantity(const Quantity& a, const Quantity& b);

}  // namespace dream::score
