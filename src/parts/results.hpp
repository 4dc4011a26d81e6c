#pragma once
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "stages/types.hpp"
#include "state/h5.hpp"

namespace dream::parts {

/// How far a judge that was asked several times disagrees with itself, for one metric of one question.
struct JudgeNoise {
  std::int64_t votes = 0;  ///< verdicts that were compared with their majority
  std::int64_t flips = 0;  ///< those that differ from it
  double spread = std::numeric_limits<double>::quiet_NaN();  ///< standard deviation of the score over the
                                                             ///< samples; NaN: under two
};

/// What one trial made of one question.
struct Result {
  Answer answer;
  std::vector<Score> scores;      ///< in the order of the metrics' names
  std::vector<JudgeNoise> noise;  ///< likewise; empty when verdicts are asked for once
  bool flagged = false;           ///< a context addresses the judge
  std::vector<Remark> remarks{};  ///< of a language model as judge
};

/// A slice of a trial's results, in golden order, and the names of the metrics.
struct SliceResults {
  std::vector<std::string> metrics;
  std::vector<Result> results;
};

/// Writes the remarks on some answers below a name; nothing when there are none at all.
void save_remarks(state::H5Writer& file, const std::string& name,
                  std::span<const std::vector<Remark>> by_answer);
/// As many as answers were written; none of them has remarks when nothing is there.
[[nodiscard]] std::vector<std::vector<Remark>> load_remarks(const state::H5Reader& file,
                                                            const std::string& name, std::size_t answers);

void save(state::H5Writer& file, const SliceResults& slice);
[[nodiscard]] SliceResults load_results(const state::H5Reader& file);

}  // namespace dream::parts
