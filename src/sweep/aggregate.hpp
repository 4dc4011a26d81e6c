#pragma once
#include "sweep/outcome.hpp"

namespace dream::sweep {

/// Sums every trial's scores, and the judge's noise, over all questions, each rank a share of the slices, as
/// exact integers, and all-reduces them into outcome.trials and outcome.judge_noise. Collective; every rank
/// gets them.
void aggregate(Run& run, Outcome& outcome);

}  // namespace dream::sweep
