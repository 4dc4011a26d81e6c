#include "tracking/observer.hpp"

#include <fmt/format.h>

#include "sweep/catalog.hpp"

namespace dream::tracking {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds between_progress{10};
constexpr std::chrono::seconds for_the_first_run{30};
constexpr std::chrono::seconds for_an_early_end{5};

std::int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace

Observer::Observer(const config::Config& config, Settings settings, std::string mpi, Log log)
    : config_(config),
      settings_(std::move(settings)),
      mpi_(std::move(mpi)),
      log_(std::move(log)),
      metrics_(sweep::catalog().metrics) {}

Subject Observer::subject() const { return {key_, config_, plan_, questions_}; }

void Observer::add(const std::vector<Entry>& entries) {
  for (const auto& entry : entries) tracker_->add(entry);
}

void Observer::begin(const sweep::Finished& planned, const Pulse& pulse) {
  if (settings_.uri.empty()) return;
  plan_ = planned.plan;
  if (!key_.empty()) return;  // the plan as it is computed, after the one that was foreseen
  questions_ = std::ssize(planned.questions);
  key_ = key_of(config_, plan_);
  scoring_ms_ = now_ms();
  try {
    tracker_ = std::make_unique<Tracker>(config::output_folder(config_), SpoolHeader{key_, settings_}, log_);
  } catch (const Error& e) {
    log_(Level::warning, fmt::format("MLflow is not told of this run: {}", e.what()));
    return;
  }
  add(sweep_begins(subject(), mpi_, now_ms()));
  tracker_->await_run(for_the_first_run, pulse);
  if (const auto page = tracker_->standing().page; !page.empty())
    log_(Level::info, "MLflow shows this sweep at " + page);
}

void Observer::progress(sweep::Stage stage, std::int64_t items, std::int64_t done) {
  if (!tracker_) return;
  const bool begins = stage_ != stage;
  if (!begins && done == done_) return;
  if (begins && stage == sweep::Stage::score) scoring_ms_ = now_ms();
  if (!begins && done < items && Clock::now() - told_ < between_progress) return;
  stage_ = stage;
  done_ = done;
  told_ = Clock::now();
  tracker_->add(stage_moves(key_, stage, items, done, now_ms()));
}

void Observer::scored(const sweep::Trial& trial, const sweep::TrialSummary& summary) {
  if (tracker_) add(trial_scored(subject(), trial, metrics_, summary, scoring_ms_, now_ms()));
}

std::string Observer::end(const sweep::Finished& finished, const stats::Verdict& verdict,
                          const Pulse& pulse) {
  if (!tracker_) return "";
  const auto now = now_ms();
  for (const auto& trial : plan_.trials) {
    const auto at = static_cast<std::size_t>(trial.number - 1);
    add(trial_scored(subject(), trial, metrics_, finished.outcome.trials.at(at), scoring_ms_, now));
  }
  add(sweep_ends(subject(), finished.outcome, verdict, now));
  try {
    if (settings_.artifacts) add(artifacts(subject(), config::output_folder(config_)));
  } catch (const std::exception& e) {  // the results are written, whatever becomes of their copies
    log_(Level::warning, fmt::format("MLflow gets no artifacts: {}", e.what()));
  }
  const auto standing = tracker_->finish(std::chrono::seconds(config_.tracking.grace_s), pulse);
  if (standing.all_sent()) return "MLflow shows the sweep at " + standing.page + "\n";
  const auto what =
      fmt::format("MLflow at {} has {} of {} entries", settings_.uri, standing.sent, standing.entries);
  const auto why = standing.problem.empty() ? "" : " (" + standing.problem + ")";
  return fmt::format("{}{}; the rest is kept: run `dream_report --upload {}`\n", what, why,
                     config::output_folder(config_));
}

void Observer::end_early(Status status) {
  if (!tracker_) return;
  tracker_->add({key_, "", NewStatus{status, now_ms()}});
  (void)tracker_->finish(for_an_early_end, no_pulse());
}

}  // namespace dream::tracking
