#include "testset/run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "comm/agree.hpp"
#include "state/claim.hpp"
#include "sweep/assign.hpp"
#include "sweep/call_session.hpp"
#include "sweep/inputs.hpp"
#include "sweep/preflight.hpp"
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
  const auto most = config.sweep.max_failed_documents * static_cast<double>(finished.documents);
  if (static_cast<double>(failed.size()) > most) {
    throw CorpusError(
        failed.front().name, 0,
        fmt::format(
            "{}: {}; {} of {} documents gave no text, more than sweep.max_failed_documents = {} allows",
            failed.front().reason, failed.front().detail, failed.size(), finished.documents,
            config.sweep.max_failed_documents));
  }
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

std::string incarnation_of(comm::Communicator& comm) {
  Bytes bytes;
  if (comm.rank() == 0) {
    const auto name = state::new_incarnation();
    bytes.assign(name.begin(), name.end());
  }
  comm.broadcast(bytes, 0);
  return {bytes.begin(), bytes.end()};
}

void note_documents(const sweep::Inputs& inputs, Finished& finished) {
  finished.documents = std::ssize(inputs.documents) + std::ssize(inputs.failed);
  for (const auto& document : inputs.documents) finished.names[document.hash] = document.names.front();
}

/// Everything after the documents are read. Collective.
void make_questions(comm::Communicator& comm, const config::Config& config, const RunOptions& options,
                    const Prompts& prompts, const Shelf& shelf, sweep::LanguageModels& models,
                    const sweep::Workers& workers, const Pulse& pulse, Finished& finished) {
  const auto tasks = tasks_of(finished.plan, workers, comm.rank());
  std::map<Digest, Book> books;
  comm::agree(comm, [&] { books = fetch(shelf, documents_of(finished.plan, tasks), pulse); });
  const auto note = [&](const std::string& text) {
    if (comm.rank() == 0) options.note(text);
  };
  finished.harvest = generate({comm, config, finished.plan, prompts, tasks, books, models, note});
  finished.passing = std::ranges::count(finished.harvest.dropped, false, &Dropped::final);
}

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
  const Pulse pulse = comm::pulse_of(comm, options.stop);
  Finished finished;
  Prompts prompts;
  comm::agree(comm, [&] {
    check_model(config);
    prompts = load_prompts(config.testset.prompts);
    finished.bounds = bounds_of(config, prompts);
    finished.model = calls::endpoint_of(config.model(config.testset.llm)).model;
    finished.prompts = prompts.digest;
  });
  const auto view = for_calls(config);
  sweep::check_folders_apart(comm, config);
  if (!options.plan_only || options.check_endpoint) {
    const sweep::PreflightOptions how{.nonce = state::new_incarnation(),
                                      .makes_state = !options.plan_only,
                                      .reads_golden = false};
    for (const auto& note : sweep::preflight(comm, view, how, pulse)) options.log(Level::warning, note);
  }
  auto inputs = sweep::list_inputs(comm, config, pulse);
  sweep::check_corpus(comm, config, inputs);
  note_documents(inputs, finished);
  if (options.plan_only) return finished;

  const auto incarnation = incarnation_of(comm);
  std::optional<state::Claim> claim;
  comm::agree(comm, [&] {
    if (comm.rank() == 0) claim.emplace(config.sweep.state, incarnation);
  });
  const Pulse claimed = [&claim, pulse] {
    pulse();
    if (claim) claim->check();
  };
  const state::PartStore parts(config.sweep.state, incarnation, comm.rank());
  const auto sealed = sweep::broadcast_sealed(comm, parts);
  const auto workers = sweep::choose_workers(comm.size(), config.sweep.coordinator);
  sweep::Tally tally;
  sweep::Outcome outcome;
  outcome.failed_documents = inputs.failed;
  const auto buckets = sweep::read_documents(
      {comm, config.corpus, parts, sealed, workers, claimed, [](sweep::Stage) {}, progress, tally}, inputs,
      outcome);
  const Shelf shelf{parts, buckets, config.corpus.buckets, config.testset.passage_tokens * bytes_per_token};
  const auto stock = take_stock(comm, shelf, claimed);
  finished.plan = plan_tasks(stock.documents, config.testset, config.sweep.seed);
  comm::agree(comm, [&] {
    if (comm.rank() != 0) return;
    finished.failed_documents = failures_of(config, finished, stock, outcome.failed_documents);
    if (!finished.plan.slots.empty()) return;
    throw CorpusError(config.corpus.sources.front(), 0,
                      "no document has a passage of prose to ask about; look at the documents");
  });
  sweep::CallSession calls(
      {comm, view, std::nullopt, workers, incarnation, claimed, options.log, "testset.budget"});
  sweep::LanguageModels models(comm, workers, calls);
  make_questions(comm, config, options, prompts, shelf, models, workers, claimed, finished);
  calls.finish();
  finished.usage = sweep::gather_usage(comm, calls.usage());
  finished.complete = true;
  return finished;
}

}  // namespace dream::testset
