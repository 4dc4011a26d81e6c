#pragma once
#include <string>
#include <vector>

#include "stages/types.hpp"
#include "state/h5.hpp"

namespace dream::parts {

/// What one trial made of one question.
struct Result {
  Answer answer;
  std::vector<Score> scores;  ///< in the order of the metrics' names
  bool flagged = false;       ///< a context addresses the judge
};

/// A slice of a trial's results, in golden order, and the names of the metrics.
struct SliceResults {
  std::vector<std::string> metrics;
  std::vector<Result> results;
};

void save(state::H5Writer& file, const SliceResults& slice);
[[nodiscard]] SliceResults load_results(const state::H5Reader& file);

}  // namespace dream::parts
