#pragma once
#include <string>
#include <vector>

#include "sweep/outcome.hpp"

namespace dream::sweep {

/// Sums every trial's scores over all questions, each rank a share of the slices, as exact integers, and all-reduces
/// them. Collective; every rank gets the summaries.
[[nodiscard]] std::vector<TrialSummary> aggregate(Run& run, const std::vector<std::string>& metrics);

}  // namespace dream::sweep
