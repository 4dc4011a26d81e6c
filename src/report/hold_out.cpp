#include "report/hold_out.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>

#include "report/csv.hpp"
#include "report/rows.hpp"
#include "sweep/hold_out.hpp"

namespace dream::report {
namespace {

using json = nlohmann::ordered_json;

Material held_out_part(const Material& m) {
  return {m.config, *m.finished.hold_out, m.parts, m.mpi, m.pulse};
}

std::vector<double> scores_of(const Material& m, const sweep::Trial& trial, std::size_t metric) {
  std::vector<double> scores;
  for_results(m, trial, [&](const parts::Result& result) {
    const auto& score = result.scores[metric];
    scores.push_back(score.has_value() ? score.value : std::numeric_limits<double>::quiet_NaN());
  });
  return scores;
}

stats::PairedComparison mean_of(const Material& m, const sweep::Trial& trial, std::size_t metric) {
  return stats::estimate_mean(scores_of(m, trial, metric), m.finished.question_clusters,
                              {.seed = static_cast<std::uint64_t>(m.config.sweep.seed)});
}

std::size_t objective_of(const Material& m) {
  const auto& metrics = m.finished.outcome.metrics;
  return static_cast<std::size_t>(std::ranges::find(metrics, m.config.objective.maximize) - metrics.begin());
}

std::string sentence_of(const HoldOut& found, const std::string& metric) {
  if (found.trials.empty()) return "";
  const auto& best = found.trials.front();
  if (best.held_out.questions == 0)
    return fmt::format("Hold-out: \"{}\" has no value of {} for any of the {} questions kept out.",
                       best.title, metric, found.questions);
  auto text = fmt::format(
      "Hold-out: over {} questions that chose nobody, \"{}\" has {} {:.3f} (95 % interval {:.3f} to {:.3f}), "
      "after {:.3f} in the sweep; being chosen flattered it by {:+.3f} (95 % interval {:+.3f} to {:+.3f}{}).",
      best.held_out.questions, best.title, metric, best.held_out.mean, best.held_out.interval.low,
      best.held_out.interval.high, best.sweep.mean, best.flattery, best.interval.low, best.interval.high,
      best.interval.low <= 0 && best.interval.high >= 0 ? ", so it may be none" : "");
  const auto& top = *std::ranges::max_element(found.trials, {}, [](const auto& one) {
    return one.held_out.questions > 0 ? one.held_out.mean : -1e300;
  });
  if (top.number != best.number && top.held_out.mean > best.held_out.mean)
    text += fmt::format(" Highest over these is \"{}\": {:.3f}.", top.title, top.held_out.mean);
  return text;
}

const sweep::Trial& trial_of(const sweep::Plan& plan, int number) {
  return *std::ranges::find(plan.trials, number, &sweep::Trial::number);
}

}  // namespace

std::optional<HoldOut> judge_hold_out(const Material& m, const stats::Verdict& verdict) {
  if (!m.finished.hold_out) return std::nullopt;
  constexpr double normal_95 = 1.959964;
  const auto rest = held_out_part(m);
  const auto metric = objective_of(m);
  HoldOut found;
  found.questions = std::ssize(rest.finished.questions);
  for (const int number : sweep::finalists(m.finished.plan, verdict, m.config.golden.holdout_trials)) {
    const auto& trial = trial_of(m.finished.plan, number);
    HeldOutTrial one{number,
                     title_of(m.config, trial),
                     mean_of(m, trial, metric),
                     mean_of(rest, trial_of(rest.finished.plan, number), metric),
                     0,
                     {}};
    one.flattery = one.sweep.mean - one.held_out.mean;
    const auto reach = normal_95 * std::hypot(one.sweep.standard_error, one.held_out.standard_error);
    one.interval = {one.flattery - reach, one.flattery + reach};
    found.trials.push_back(std::move(one));
  }
  found.sentence = sentence_of(found, m.config.objective.maximize);
  return found;
}

json to_json(const std::optional<HoldOut>& hold_out) {
  if (!hold_out) return nullptr;
  json trials = json::array();
  for (const auto& one : hold_out->trials) {
    trials.push_back({{"number", one.number},
                      {"questions", one.held_out.questions},
                      {"sweep", one.sweep.mean},
                      {"mean", one.held_out.mean},
                      {"low", one.held_out.interval.low},
                      {"high", one.held_out.interval.high},
                      {"flattery", one.flattery},
                      {"flattery_low", one.interval.low},
                      {"flattery_high", one.interval.high}});
  }
  return {{"questions", hold_out->questions}, {"sentence", hold_out->sentence}, {"trials", trials}};
}

void write_hold_out(const Material& m, const std::optional<HoldOut>& hold_out) {
  const auto path = std::filesystem::path(config::output_folder(m.config)) / "holdout.csv";
  if (!hold_out) {
    std::error_code ignored;
    std::filesystem::remove(path, ignored);
    return;
  }
  const auto rest = held_out_part(m);
  CsvWriter csv(path);
  for (const char* name : {"trial", "metric", "sweep_questions", "sweep_mean", "holdout_questions",
                           "holdout_mean", "holdout_low", "holdout_high"})
    csv.cell(name);
  csv.end_row();
  for (const auto& one : hold_out->trials) {
    for (std::size_t i = 0; i < m.finished.outcome.metrics.size(); ++i) {
      m.pulse();
      const auto own = mean_of(m, trial_of(m.finished.plan, one.number), i);
      const auto held = mean_of(rest, trial_of(rest.finished.plan, one.number), i);
      csv.cell(std::int64_t{one.number}).cell(m.finished.outcome.metrics[i]).cell(own.questions);
      if (own.questions > 0)
        csv.cell(own.mean);
      else
        csv.empty();
      csv.cell(held.questions);
      if (held.questions > 0)
        csv.cell(held.mean).cell(held.interval.low).cell(held.interval.high);
      else
        csv.empty().empty().empty();
      csv.end_row();
    }
  }
  csv.close();
}

}  // namespace dream::report
