#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "config/config.hpp"
#include "stats/verdict.hpp"
#include "sweep/run.hpp"
#include "tracking/entry.hpp"

/// What MLflow is told of a sweep: values made of values. Times are milliseconds since 1970.
namespace dream::tracking {

/// The sweep's own run: the same config (but for where things are kept and how fast) over the same documents
/// and questions is the same sweep, in every start of the program.
[[nodiscard]] std::string key_of(const config::Config& config, const sweep::Plan& plan);
[[nodiscard]] std::string key_of(const std::string& sweep, const sweep::Trial& trial);

/// What runs, in which order of things.
struct Subject {
  std::string key;  ///< of the sweep
  const config::Config& config;
  const sweep::Plan& plan;
  std::int64_t questions = 0;
};

/// The sweep's run: every key of the config as a parameter, versions as tags, the golden dataset as input.
[[nodiscard]] std::vector<Entry> sweep_begins(const Subject& subject, const std::string& mpi,
                                              std::int64_t now_ms);

/// How much of a stage is done, as a metric of the sweep's run.
[[nodiscard]] Entry stage_moves(const std::string& sweep, sweep::Stage stage, std::int64_t items,
                                std::int64_t done, std::int64_t now_ms);

/// A trial's run: DREAM's parameters and ours, metrics with standard errors and coverage, tokens and cost.
/// `start_ms`: when its scoring began.
[[nodiscard]] std::vector<Entry> trial_scored(const Subject& subject, const sweep::Trial& trial,
                                              const std::vector<std::string>& metrics,
                                              const sweep::TrialSummary& summary, std::int64_t start_ms,
                                              std::int64_t now_ms);

/// The verdict, and what the sweep took.
[[nodiscard]] std::vector<Entry> sweep_ends(const Subject& subject, const sweep::Outcome& outcome,
                                            const stats::Verdict& verdict, std::int64_t now_ms);

/// Files of the output folder, prompts, and the table of answers of every trial. `output` holds the results.
[[nodiscard]] std::vector<Entry> artifacts(const Subject& subject, const std::string& output);

}  // namespace dream::tracking
