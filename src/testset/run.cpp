#include "testset/run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "comm/agree.hpp"
#include "state/claim.hpp"
#include "sweep/assign.hpp"
#include "sweep/call_session.hpp"
#include "sweep/inputs/documents.hpp"
#include "sweep/inputs/objects.hpp"
#include "sweep/preflight.hpp"
#include "sweep/schema_support.hpp"
#include "sweep/usage.hpp"

namespace dream::testset {
namespace {

constexpr std::int64_t bytes_per_token = 4;
constexpr std::int64_t text_bytes = 600;  ///< of a question with its answer, and of an opening: generous

/// The config as the call session shall see it: one model and its budget, which is not the sweep's.
config::Config for_calls(const config::Config& config) {
  auto view = config;
  view.sweep.name += " (testset)";
  view.space = {};
  view.space.llms = {config.testset.llm};
  view.judge = {};
  view.chunking = {};  // a tokenizer that no question needs
  view.objective.budget_usd = config.testset.budget_usd;
  view.objective.budget_tokens = config.testset.budget_tokens;
  view.objective.budget_hours = config.testset.budget_hours;
  return view;
}

void check_model(const config::Config& config) {
  const auto& name = config.testset.llm;
  if (name.empty())
    throw ConfigError(config.file + ": testset.llm is missing; name a model of kind \"openai\" in [models]");
  if (!sweep::is_remote(config.model(name)))
    throw ConfigError(
        fmt::format("{}: testset.llm = \"{}\" is of kind \"{}\", which writes no questions; name a model of "
                    "kind \"openai\"",
                    config.file, name, config.model(name).kind));
}

std::int64_t bytes_of(const judge::Prompt& prompt) {
  auto bytes = prompt.instruction.size() + prompt.schema.size();
  for (const auto& example : prompt.examples) bytes += example.input.size() + example.output.size();
  return static_cast<std::int64_t>(bytes);
}

/// What the requests of a try hold, with passages at their longest and nothing mended.
std::int64_t bytes_of_a_try(Kind kind, const Prompts& prompts, std::int64_t passage) {
  const std::int64_t drafted = kind == Kind::multi_context ? 2 : 1;
  const std::int64_t read_blind = kind == Kind::unanswerable ? 3 : drafted;
  auto bytes = bytes_of(prompts.of(Step::draft, kind)) + drafted * passage + text_bytes;
  bytes += bytes_of(prompts.critique) + text_bytes;
  bytes += bytes_of(prompts.blind) + read_blind * passage + text_bytes;
  bytes += bytes_of(prompts.compare) + text_bytes;
  if (kind == Kind::multi_context) bytes += 2 * (bytes_of(prompts.blind) + passage + text_bytes);
  return bytes;
}

/// Documents that gave no text. Throws CorpusError when they are too many.
std::vector<sweep::FailedDocument> failures_of(const config::Config& config, const Finished& finished,
                                               const Stock& stock,
                                               std::vector<sweep::FailedDocument> failed) {
  for (auto [hash, one] : stock.without_text) {
    one.name = finished.names.at(hash);
    failed.push_back(std::move(one));
  }
  std::ranges::sort(failed, {}, &sweep::FailedDocument::name);
  sweep::check_failed(failed, finished.documents, config.sweep.max_failed_documents);
  return failed;
}

/// The tasks of this rank.
std::vector<std::int32_t> tasks_of(const TaskPlan& plan, const sweep::Workers& workers, int rank) {
  std::vector<std::int64_t> weights;
  for (const auto& task : plan.tasks) weights.push_back(std::ssize(task.slots));
  const auto owner = sweep::assign(weights, workers.count);
  std::vector<std::int32_t> mine;
  for (std::size_t t = 0; t < owner.size(); ++t) {
    if (workers.rank(owner[t]) == rank) mine.push_back(static_cast<std::int32_t>(t));
  }
  return mine;
}

std::set<Digest> documents_of(const TaskPlan& plan, const std::vector<std::int32_t>& tasks) {
  std::set<Digest> documents;
  for (const auto task : tasks) {
    for (const auto d : plan.tasks[static_cast<std::size_t>(task)].documents)
      documents.insert(plan.documents[static_cast<std::size_t>(d)].document);
  }
  return documents;
}

/// One run on one rank, a step after the other.
class Runner {
 public:
  Runner(comm::Communicator& comm, const config::Config& config, const RunOptions& options)
      : comm_(comm),
        config_(config),
        options_(options),
        stop_(comm::pulse_of(comm, options.stop)),
        pulse_([this] {
          stop_();
          if (claim_) claim_->check();
        }),
        calls_config_(for_calls(config)) {}

  Finished run(sweep::Progress& progress) {
    prepare();
    if (options_.plan_only) return std::move(finished_);
    comm::agree(comm_, [&] {
      if (comm_.rank() != 0) return;
      state::ClaimOptions claiming;
      claiming.replaces = options_.replaces;
      claim_.emplace(config_.sweep.state, options_.incarnation, claiming);
    });
    const state::PartStore parts(config_.sweep.state, options_.incarnation, comm_.rank());
    const auto buckets = read(parts, progress);
    const Shelf shelf{parts, buckets, config_.corpus.buckets,
                      config_.testset.passage_tokens * bytes_per_token};
    plan(shelf);
    make_questions(shelf);
    finished_.complete = true;
    return std::move(finished_);
  }

 private:
  /// All that can be wrong before anything is read or paid for.
  void prepare() {
    comm::agree(comm_, [&] {
      check_model(config_);
      prompts_ = load_prompts(config_.testset.prompts);
      finished_.bounds = bounds_of(config_, prompts_);
      finished_.model = calls::endpoint_of(config_.model(config_.testset.llm)).model;
      finished_.prompts = prompts_.digest;
    });
    sweep::check_folders_apart(comm_, config_);
    if (!options_.plan_only || options_.check_endpoint) {
      const sweep::PreflightOptions how{
          .nonce = options_.incarnation, .makes_state = !options_.plan_only, .reads_golden = false};
      for (const auto& note : sweep::preflight(comm_, calls_config_, how, pulse_))
        options_.log(Level::warning, note);
    }
    inputs_ = sweep::list_inputs(comm_, config_, options_.s3, !options_.plan_only, pulse_);
    sweep::check_corpus(comm_, config_, inputs_);
    finished_.documents = std::ssize(inputs_.documents) + std::ssize(inputs_.failed);
    for (const auto& document : inputs_.documents) finished_.names[document.hash] = document.names.front();
  }

  std::vector<sweep::Bucket> read(const state::PartStore& parts, sweep::Progress& progress) {
    const auto sealed = sweep::broadcast_sealed(comm_, parts);
    workers_ = sweep::choose_workers(comm_.size(), config_.sweep.coordinator);
    sweep::Tally tally;
    sweep::Outcome outcome;
    outcome.failed_documents = inputs_.failed;
    const sweep::ObjectCache objects(config_.sweep.state, options_.s3);
    auto buckets = sweep::read_documents({comm_, config_.corpus, objects, parts, sealed, workers_, pulse_,
                                          [](sweep::Stage) {}, progress, tally},
                                         inputs_, outcome);
    finished_.failed_documents = std::move(outcome.failed_documents);
    return buckets;
  }

  void plan(const Shelf& shelf) {
    const auto stock = take_stock(comm_, shelf, pulse_);
    finished_.plan = plan_tasks(stock.documents, config_.testset, config_.sweep.seed);
    comm::agree(comm_, [&] {
      if (comm_.rank() != 0) return;
      finished_.failed_documents =
          failures_of(config_, finished_, stock, std::move(finished_.failed_documents));
      if (!finished_.plan.slots.empty()) return;
      throw CorpusError(config_.corpus.sources.front(), 0,
                        "no document has a passage of prose to ask about; look at the documents");
    });
  }

  void make_questions(const Shelf& shelf) {
    const auto tasks = tasks_of(finished_.plan, workers_, comm_.rank());
    std::map<Digest, Book> books;
    comm::agree(comm_, [&] { books = fetch(shelf, documents_of(finished_.plan, tasks), pulse_); });
    sweep::CallSession calls({comm_, calls_config_, std::nullopt, workers_, options_.incarnation, pulse_,
                              options_.log, "testset.budget"});
    sweep::LanguageModels models(comm_, calls);
    const auto note = [&](const std::string& text) {
      if (comm_.rank() == 0) options_.note(text);
    };
    const bool json_schema =
        sweep::sends_schema(comm_, config_, config_.testset.json_schema, config_.testset.llm, &calls);
    finished_.harvest =
        generate({comm_, config_, finished_.plan, prompts_, tasks, books, models, json_schema, note});
    finished_.passing = std::ranges::count(finished_.harvest.dropped, false, &Dropped::final);
    calls.finish();
    finished_.usage = sweep::gather_usage(comm_, calls.usage());
  }

  comm::Communicator& comm_;
  const config::Config& config_;
  const RunOptions& options_;
  Pulse stop_;
  std::optional<state::Claim> claim_;  ///< rank 0
  Pulse pulse_;
  config::Config calls_config_;
  Prompts prompts_;
  sweep::Inputs inputs_;  ///< rank 0
  sweep::Workers workers_;
  Finished finished_;
};

}  // namespace

Bounds bounds_of(const config::Config& config, const Prompts& prompts) {
  const auto& settings = config.testset;
  const auto endpoint = calls::endpoint_of(config.model(settings.llm));
  const auto counts = counts_of(settings);
  Bounds bounds;
  std::int64_t bytes = 0;
  for (std::size_t k = 0; k < counts.size(); ++k) {
    const auto kind = static_cast<Kind>(k);
    const auto tries = counts[k] * settings.tries;
    bounds.calls += tries * most_calls_of_a_try(kind);
    bounds.calls_refused += tries;
    bounds.output_tokens += tries * most_calls_of_a_try(kind) / 2 * endpoint.max_tokens;
    bytes += tries * bytes_of_a_try(kind, prompts, settings.passage_tokens * bytes_per_token);
  }
  bounds.input_tokens = bytes / bytes_per_token;
  bounds.usd = calls::cost_of(endpoint, bounds.input_tokens, bounds.output_tokens).usd;
  return bounds;
}

Finished run(comm::Communicator& comm, const config::Config& config, const RunOptions& options,
             sweep::Progress& progress) {
  return Runner(comm, config, options).run(progress);
}

}  // namespace dream::testset
