#pragma once
#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/log.hpp"
#include "base/pulse.hpp"
#include "base/trace.hpp"
#include "calls/budget.hpp"
#include "comm/communicator.hpp"
#include "comm/vector_exchange.hpp"
#include "config/config.hpp"
#include "device/accelerator.hpp"
#include "stages/types.hpp"
#include "state/parts.hpp"
#include "stats/fixed.hpp"
#include "sweep/models.hpp"
#include "sweep/pace.hpp"
#include "sweep/plan.hpp"
#include "sweep/schedule.hpp"

namespace dream::sweep {

class CallSession;
struct TrialSummary;

/// What one rank did, for manifest.json and for the test that the work is really spread.
struct Tally {
  std::int64_t documents = 0;  ///< read
  std::int64_t document_bytes = 0;
  std::int64_t texts_embedded = 0;  ///< distinct passages and questions and judged texts
  std::int64_t shard_rows = 0;      ///< built into indexes
  std::int64_t queries = 0;         ///< question x shard searches
  std::int64_t pairs_scored = 0;    ///< distinct pairs of question and passage, for rerankers
  std::int64_t pairs_refused = 0;   ///< by an endpoint that reranks; their passages come last
  std::int64_t calls = 0;           ///< for answers, sent to endpoints
  std::int64_t calls_from_state = 0;
  std::int64_t texts_refused =
      0;  ///< by an endpoint that embeds; their vectors are zero, so nothing finds them
  std::array<std::int64_t, stage_count> parts{};  ///< parts written, by stage
  std::array<double, stage_count> seconds{};      ///< wall, by stage
};

/// How this rank's calls to endpoints stand, since it was started; `spent`: on rank 0 with what earlier runs
/// of the sweep have spent.
struct CallsNow {
  std::int64_t in_flight = 0;
  std::int64_t sent = 0;
  calls::Cost spent;
};

/// Where every rank tells its progress; rank 0 shows it. Local: nothing here waits for another rank.
class Progress {
 public:
  virtual ~Progress() = default;
  /// What is going to be done; once more when it is made anew.
  virtual void planned(const Plan&) {}
  /// A stage begins: `items` pieces of work, of which `done` were in the state folder already.
  virtual void begin(Stage stage, std::int64_t items, std::int64_t done) = 0;
  /// `more` pieces are done, on this rank.
  virtual void advance(std::int64_t more) = 0;
  virtual void calls(const CallsNow&) {}
  /// This rank has scores of a score node's questions: of the metric that the sweep maximizes.
  virtual void scored(int /*node*/, const stats::FixedMoments&) {}
  virtual void end() = 0;
};

/// What the phases share on one rank. Made once by run(); phases read it, and write only `tally` and `pace`.
struct Run {
  comm::Communicator& comm;
  const config::Config& config;
  const Plan& plan;
  const state::PartStore& parts;
  const Models& models;
  const std::vector<GoldenQuestion>& questions;
  Workers workers;
  std::unordered_set<Digest> sealed;  ///< parts that were there when the run began
  Pulse pulse;
  Log log;
  Progress& progress;
  Tally& tally;
  std::function<void(Stage)> fault;  ///< tests break a rank here; does nothing otherwise
  CallSession& calls;
  Trace trace;
  comm::VectorExchange& vectors;                                  ///< how they travel between ranks
  std::shared_ptr<device::Accelerator> accelerator;               ///< null: the CPU computes and searches
  std::function<void(const Trial&, const TrialSummary&)> scored;  ///< RunOptions::scored
  Pace pace{};

  [[nodiscard]] const Node& node(int number) const { return plan.nodes[static_cast<std::size_t>(number)]; }
  [[nodiscard]] Digest key(int number, int part) const { return plan.part_key(node(number), part); }
  /// For the trace: this rank works at a part.
  [[nodiscard]] Trace::Span span(const Item& item) const;
};

/// Those that the state folder does not hold. The same on every rank.
[[nodiscard]] std::vector<Item> pending(const Run& run, Stage stage);

/// Those of `items` that this rank makes: less where it has been slow (Run::pace).
[[nodiscard]] std::vector<Item> mine(const Run& run, const std::vector<Item>& items);

/// Makes all pending parts of a stage whose parts are independent of each other: `make` writes one.
/// Collective.
void make_parts(Run& run, Stage stage, const std::function<void(const Item&)>& make);

/// Times a stage and tells its progress, from construction to destruction. Local.
class StageScope {
 public:
  /// `items`: all pieces of work, of which `left` are not in the state folder.
  StageScope(Progress& progress, Tally& tally, const Trace& trace, Stage stage, std::int64_t items,
             std::int64_t left);
  /// Of all parts of a stage, with those that are pending().
  StageScope(Run& run, Stage stage, const std::vector<Item>& left);
  ~StageScope();
  StageScope(const StageScope&) = delete;
  StageScope& operator=(const StageScope&) = delete;
  /// One more part written here.
  void advance();

 private:
  Progress& progress_;
  Tally& tally_;
  Trace::Span span_;
  Stage stage_;
  double start_;
  int exceptions_;  ///< in flight at the start: a stage that an error ends is not told as done
};

}  // namespace dream::sweep
