#pragma once
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "base/pulse.hpp"
#include "base/trace.hpp"
#include "comm/communicator.hpp"
#include "config/config.hpp"
#include "stats/verdict.hpp"
#include "storage/service.hpp"
#include "sweep/outcome.hpp"

namespace dream::sweep {

struct Finished;

struct RunOptions {
  std::optional<Stage> until;      ///< stop after this stage
  std::int64_t pilot = 0;          ///< with until = select: questions to ask about before the forecast
  bool plan_only = false;          ///< list and hash the inputs, make the plan, start nothing
  bool check_endpoints = false;    ///< with plan_only: ask the endpoints too; a real run always does
  storage::Service* s3 = nullptr;  ///< when the config uses S3
  Pulse stop = no_pulse();         ///< throws Stopped when the run was asked to end
  Log log = no_log();
  Trace trace;  ///< what each rank does, for those who want to know
  std::string
      incarnation;  ///< names this run on the state folder, and no other run ever; the same on all ranks
  /// Runs of this job that lost ranks and that this one follows: whatever they held of the state folder is
  /// free.
  std::vector<std::string> replaces;
  /// The plan is made, nothing is computed or paid for yet: on rank 0, in the middle of an agreement, so it
  /// may throw. Once more when the plan is made anew, of what was read.
  std::function<void(const Finished&)> planned = [](const Finished&) {};
  /// The scores of a trial are known, before all of them are: on rank 0. Set on all ranks or on none. Trials
  /// that the state folder held in part come at the end alone.
  std::function<void(const Trial&, const TrialSummary&)> scored;
  std::function<void(Stage)> fault = [](Stage) {};  ///< tests break a rank here
};

/// What a finished run hands to the report. `outcome` is whole on rank 0 only.
struct Finished {
  Plan plan;
  std::vector<GoldenQuestion> questions;
  Outcome outcome;
  std::vector<std::int32_t>
      question_clusters;  ///< questions whose evidence is in the same document share a number
  std::string tokenizer;  ///< what chunking.tokenizer = "auto" chose
  std::map<std::string, std::string> precisions;  ///< in which numbers each model computed ("bf16")
  std::string vectors_over;                       ///< how vectors travel between ranks: "mpi" or "nccl"
  std::vector<std::string> warnings;              ///< what is allowed and yet deserves a look; rank 0
  std::string incarnation;
  bool complete = false;      ///< false: it was a plan, or `until` ended it early
  stats::Verdict verdict;     ///< of a complete sweep; alike on all ranks
  std::int64_t held_out = 0;  ///< questions of golden.holdout, which are not among `questions`
  /// What the finalists made of them: a plan of these trials over those questions, as if it were a sweep of
  /// its own. Its outcome has metrics, trials and gold. With plan_only: a plan of all trials.
  std::shared_ptr<const Finished> hold_out;
  std::string hold_out_unpaid;  ///< why there is none though the config asks for it: the budget is spent
};

/// Runs a sweep, or continues one: whatever the state folder holds is not computed again. Collective: every
/// rank calls it with the same config. Throws on all ranks alike (comm::agree) for bad input, and Stopped
/// after a request to stop.
[[nodiscard]] Finished run(comm::Communicator& comm, const config::Config& config, const RunOptions& options,
                           Progress& progress);

/// The parts that `finished` is made of, for readers of per-question rows.
[[nodiscard]] state::PartStore open_parts(const config::Config& config, const Finished& finished);

}  // namespace dream::sweep
