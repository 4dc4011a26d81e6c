#pragma once
#include <span>
#include <vector>

namespace dream::stats {

/// p-values adjusted for their number (Holm 1979): the chance of a single false alarm among all stays what
/// each alone would have, whatever they have to do with each other. In the order of `p`.
[[nodiscard]] std::vector<double> holm(std::span<const double> p);

}  // namespace dream::stats
