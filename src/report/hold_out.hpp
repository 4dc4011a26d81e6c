#pragma once
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "report/outputs.hpp"
#include "stats/paired.hpp"

/// golden.holdout: the finalists over questions that none of them was chosen by.
namespace dream::report {

/// One finalist by the objective.
struct HeldOutTrial {
  int number = 0;
  std::string title;
  stats::PairedComparison sweep;     ///< the mean over the questions that chose it
  stats::PairedComparison held_out;  ///< and over those that did not
  double flattery = 0;               ///< sweep - held_out
  stats::Interval interval;          ///< of that, two means over different questions
};

struct HoldOut {
  std::int64_t questions = 0;
  std::vector<HeldOutTrial> trials;  ///< in the order of the verdict
  std::string sentence;
};

/// Nothing without a hold-out.
[[nodiscard]] std::optional<HoldOut> judge_hold_out(const Material& material, const stats::Verdict& verdict);

/// What manifest.json and the page show; null without a hold-out.
[[nodiscard]] nlohmann::ordered_json to_json(const std::optional<HoldOut>& hold_out);

/// holdout.csv, a row per finalist and metric; removes one of an earlier run where there is no hold-out.
void write_hold_out(const Material& material, const std::optional<HoldOut>& hold_out);

}  // namespace dream::report
