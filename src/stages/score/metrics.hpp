#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "stages/types.hpp"

namespace dream::score {

/// What must be there before a metric can have a value.
enum class Need { answer, contexts, reference, embedder, judge, gold };

/// "answer", "contexts", ...
[[nodiscard]] std::string_view name_of(Need need);

/// A row of the table of metrics. Higher is better for all of them.
struct MetricRow {
  std::string name;
  std::string summary;
  double min = 0;
  double max = 1;
  std::vector<Need> needs;
  [[nodiscard]] bool needs_any(Need need) const;
};

/// All metrics that a config may name, in the order of results.csv: the six of the judge, those of
/// texts, those of retrieval. docs/metrics.md defines each.
[[nodiscard]] std::span<const MetricRow> metrics();

/// The row of that name, or nullptr.
[[nodiscard]] const MetricRow* metric_row(std::string_view name);

/// F of judged statements: tp / (tp + (fp + fn) / 2), 0 without true positives.
[[nodiscard]] double f_measure(double true_positives, double false_positives, double false_negatives);

/// Mean of the precision at each relevant rank; verdicts in rank order. 0 when none is relevant.
[[nodiscard]] double average_precision(std::span<const bool> verdicts);

/// answer_correctness of its two parts.
[[nodiscard]] double correctness(double f, double similarity);
inline constexpr double correctness_weight_f = 0.75;
inline constexpr double correctness_weight_similarity = 0.25;

}  // namespace dream::score
