#pragma once
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "base/pulse.hpp"
#include "comm/communicator.hpp"
#include "config/config.hpp"
#include "storage/service.hpp"
#include "sweep/outcome.hpp"
#include "testset/generate.hpp"

namespace dream::testset {

struct RunOptions {
  bool plan_only = false;             ///< list the documents, start nothing
  bool check_endpoint = false;        ///< with plan_only: ask the endpoint too; a real run always does
  std::string incarnation;            ///< names this run, alike on all ranks
  std::vector<std::string> replaces;  ///< incarnations of this job whose claims are void
  Pulse stop = no_pulse();            ///< throws Stopped when the run was asked to end
  storage::Service* s3 = nullptr;     ///< for what begins with s3://
  Log log = no_log();
  std::function<void(const std::string&)> note = [](const std::string&) {};  ///< rank 0 tells the user
};

/// The most that making the questions can take, whatever the model says.
struct Bounds {
  std::int64_t calls = 0;  ///< distinct ones; an endpoint that fails is tried `attempts` times for each
  std::int64_t calls_refused = 0;  ///< by a model that refuses everything
  std::int64_t input_tokens = 0;   ///< of so many calls without mending, four bytes taken as one
  std::int64_t output_tokens = 0;
  double usd = 0;
};
[[nodiscard]] Bounds bounds_of(const config::Config& config, const Prompts& prompts);

/// What a run came to, whole on rank 0.
struct Finished {
  std::int64_t documents = 0;  ///< distinct ones in the sources
  std::map<Digest, std::string> names;
  std::vector<sweep::FailedDocument> failed_documents;
  Bounds bounds;
  std::string model;  ///< as the endpoint calls it
  Digest prompts;
  bool complete = false;  ///< false: it was a plan, and what follows is empty
  TaskPlan plan;
  Harvest harvest;
  std::vector<sweep::CallUsage> usage;
  std::int64_t passing = 0;  ///< candidates dropped for a reason that may pass
};

/// Makes a dataset of the config's corpus, or continues one: no reply that the state folder holds is asked
/// for again. Collective: every rank calls it with the same config. Throws on all ranks alike for bad input,
/// sweep::OutOfBudget when testset.budget is spent, and Stopped.
[[nodiscard]] Finished run(comm::Communicator& comm, const config::Config& config, const RunOptions& options,
                           sweep::Progress& progress);

}  // namespace dream::testset
