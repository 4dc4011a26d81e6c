#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "base/pulse.hpp"
#include "base/trace.hpp"
#include "calls/asker.hpp"
#include "calls/vector_asker.hpp"
#include "comm/communicator.hpp"
#include "config/config.hpp"
#include "sweep/assign.hpp"
#include "sweep/once.hpp"
#include "sweep/plan.hpp"

namespace dream::sweep {

class Progress;

/// The budget of the sweep is spent before its end; raising it and starting again continues.
struct OutOfBudget : Error {
  explicit OutOfBudget(const std::string& message) : Error(ExitCode::budget, message) {}
};

/// Whether a model of this kind is behind an endpoint.
[[nodiscard]] bool is_remote(const config::Model& model);

/// The models behind endpoints that the stages up to `until` ask, by the config's names, each with what is
/// asked of it:
/// "/chat/completions", "/embeddings", "/rerank", or several.
[[nodiscard]] std::map<std::string, std::vector<std::string>> remote_models(const config::Config& config,
                                                                            std::optional<Stage> until);

/// Served by a rank: the reply, or nothing when the rank's share of the budget had no room for it.
using Served = std::optional<Bytes>;
using ServeCalls = std::function<std::vector<Served>(const std::vector<Request>&)>;

/// All that the ranks of a job share about endpoints: the call store, the senders with their limits, the
/// budget. Rank by rank every limit is an equal part of the config's; the budget is dealt anew for every
/// round of calls (docs/adr/0012). Without models behind endpoints it is empty, and nothing is opened.
class CallSession {
 public:
  /// What the session is made from.
  struct Setting {
    comm::Communicator& comm;
    const config::Config& config;
    std::optional<Stage> until;
    Workers workers;
    std::string incarnation;
    Pulse pulse;
    Log log;
    const char* budget_key = "objective.budget";  ///< which key of the config limits it, for messages
    Trace trace = {};
    Progress* progress = nullptr;  ///< hears with every pulse how calls stand; outlives the session
  };
  /// Seals what earlier jobs left, and opens. Collective.
  explicit CallSession(Setting setting);
  ~CallSession();  ///< writes what was spent as far as it can, also when an error ends the job
  CallSession(const CallSession&) = delete;
  CallSession& operator=(const CallSession&) = delete;

  [[nodiscard]] bool has(const std::string& model) const { return endpoints_.contains(model); }
  /// With this rank's limits.
  [[nodiscard]] const calls::Endpoint& endpoint(const std::string& model) const {
    return endpoints_.at(model);
  }
  [[nodiscard]] calls::Asker& asker() { return *asker_; }
  [[nodiscard]] calls::VectorAsker& vectors() { return *vectors_; }
  /// Of pairs, for rerankers.
  [[nodiscard]] calls::VectorAsker& scores() { return *scores_; }
  /// Whether its server takes JSON schemas (calls/capabilities.hpp); within once(), as any call. Local.
  [[nodiscard]] std::optional<bool> ask_for_json_schema(const std::string& model);
  [[nodiscard]] const calls::CallStore& store() const { return *store_; }
  [[nodiscard]] const calls::AskCounts& counts() const;
  [[nodiscard]] const calls::Usage& usage() const;
  [[nodiscard]] const Pulse& pulse() const { return setting_.pulse; }

  /// sweep::once() for work that asks endpoints: what one rank's share of the budget had no room for is asked
  /// again under new shares, until all is served. Throws OutOfBudget on all ranks when no share can be made
  /// that serves another one. Collective.
  /// `terms`: homes with more calls than others hand some of them on.
  [[nodiscard]] std::vector<Bytes> once(const std::vector<Request>& requests, const ServeCalls& serve,
                                        const ReliefTerms* terms = nullptr);
  /// sweep::once() along the ways of the calls that were made, for who only counts. Collective.
  [[nodiscard]] std::vector<Bytes> look_up(const std::vector<Request>& requests, const Serve& serve);
  /// Of calls to language models: in the proportion of what each rank may have open, a lane for each model.
  [[nodiscard]] ReliefTerms relief_terms() const;

  /// Gives all that the budget leaves to one rank, the first of those that ask endpoints, and returns it.
  /// Collective.
  [[nodiscard]] int deal_to_one();
  /// How a request went that was sent alone.
  struct Timed {
    double seconds = 0;   ///< of the attempt that got the reply
    std::string failure;  ///< why there is no reply; empty: there is
  };
  /// Sends a request, whatever the store holds, and waits for its end; its reply is not kept, its price is.
  /// Nothing else may be open. Local.
  [[nodiscard]] Timed time_call(calls::Outgoing request);

  /// Throws OutOfBudget when the time of the budget has passed. Local.
  void check_time();

  /// Writes what was really spent, and seals the journals of all ranks. Collective. Without it (a crash) the
  /// next run seals them.
  void finish();

 private:
  void close_ledgers();
  void tell() const;
  /// What the config's budget leaves to be spent by this job.
  [[nodiscard]] calls::Allowance left();
  void deal(int only);
  void throw_spent(const std::vector<std::int64_t>& unserved);

  Setting setting_;
  Workers callers_;  ///< those that ask endpoints (callers_of())
  Relief relief_;    ///< a reply is in the journal of the rank that asked for it
  std::map<std::string, calls::Endpoint> endpoints_;
  net::Redactor redact_;
  std::unique_ptr<calls::CallStore> store_;
  std::unique_ptr<calls::Sender> sender_;
  std::unique_ptr<calls::Asker> asker_;
  std::unique_ptr<calls::VectorAsker> vectors_;
  std::unique_ptr<calls::VectorAsker> scores_;

  calls::Budget budget_;
  std::unique_ptr<calls::Ledger> ledger_;
  std::unique_ptr<calls::Ledger> clock_;  ///< rank 0
  calls::Spent before_;                   ///< by earlier runs of this sweep
  calls::TimePoint start_;
  calls::TimePoint end_ = calls::TimePoint::max();
};

}  // namespace dream::sweep
