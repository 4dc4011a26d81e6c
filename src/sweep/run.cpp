#include "sweep/run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "comm/agree.hpp"
#include "comm/vector_exchange.hpp"
#include "golden/gold.hpp"
#include "golden/golden.hpp"
#include "kernels/api/numeric_class.hpp"
#include "parts/documents.hpp"
#include "stages/score/metrics.hpp"
#include "state/claim.hpp"
#include "sweep/aggregate.hpp"
#include "sweep/call_session.hpp"
#include "sweep/hold_out.hpp"
#include "sweep/inputs/documents.hpp"
#include "sweep/inputs/questions.hpp"
#include "sweep/judging.hpp"
#include "sweep/latency_probe.hpp"
#include "sweep/phases/phases.hpp"
#include "sweep/prepare.hpp"
#include "sweep/schema_support.hpp"
#include "sweep/shard_forecast.hpp"
#include "sweep/usage.hpp"
#include "sweep/verdict.hpp"

namespace dream::sweep {
namespace {

/// Documents that gave no text for good, from the read parts of all buckets. On rank 0.
void collect_failures(Run& run, const std::map<Digest, std::string>& names, Outcome& outcome) {
  const int node = run.plan.nodes_of(Stage::read).at(0);
  Packer packer;
  comm::agree(run.comm, [&] {
    for (int part = run.comm.rank(); part < run.plan.parts_of(run.node(node)); part += run.comm.size()) {
      for (const auto& read : parts::load_documents(run.parts.open(run.key(node, part)))) {
        if (!read.reason.empty()) packer.put(read.document.hash).put(read.reason).put(read.detail);
      }
    }
  });
  const auto message = packer.take();
  const auto all = run.comm.gather_v(std::span<const char>(message), 0);
  for (Unpacker reader(std::string_view(all.values.data(), all.values.size())); !reader.done();) {
    const auto hash = reader.get<Digest>();
    auto reason = reader.get<std::string>();
    outcome.failed_documents.push_back({names.at(hash), std::move(reason), reader.get<std::string>()});
  }
  std::ranges::sort(outcome.failed_documents, {}, &FailedDocument::name);
  comm::agree(run.comm, [&] {
    if (run.comm.rank() != 0) return;
    check_failed(outcome.failed_documents, outcome.documents, run.config.sweep.max_failed_documents);
  });
}

/// Questions about one document rise and fall together, so they are one draw, not many.
std::vector<std::int32_t> cluster_questions(const golden::Gold& gold) {
  std::map<Digest, std::int32_t> numbers;
  std::vector<std::int32_t> clusters;
  std::int32_t next = 0;
  for (const auto& items : gold.items) {
    if (items.empty())
      clusters.push_back(next++);
    else {
      const auto [at, is_new] = numbers.try_emplace(items.front().places.front().document, next);
      next += is_new ? 1 : 0;
      clusters.push_back(at->second);
    }
  }
  return clusters;
}

/// How vectors travel; a plan moves none, and --check looks whether it could be as the config wants it.
std::unique_ptr<comm::VectorExchange> open_exchange(comm::Communicator& comm, const config::Config& config,
                                                    const RunOptions& options, bool made_on_gpus) {
  const bool wanted = !options.plan_only || options.check_endpoints;
  comm::ExchangeOptions how;
  how.wish = wanted ? config.device.exchange : "mpi";
  how.made_on_gpus = made_on_gpus;
  return comm::open_vector_exchange(comm, how, options.log);
}

Outcome start_outcome(const comm::Communicator& comm, const config::Config& config, const Inputs& inputs) {
  Outcome outcome;
  outcome.workers = choose_workers(comm.size(), config.sweep.coordinator);
  outcome.files = inputs.files;
  outcome.documents = std::ssize(inputs.documents) + std::ssize(inputs.failed);
  outcome.failed_documents = inputs.failed;
  for (const auto& document : inputs.documents)
    outcome.document_names[document.hash] = document.names.front();
  for (const auto& row : score::metrics()) outcome.metrics.push_back(row.name);
  return outcome;
}

/// Names the golden contexts that stand in no document, by question, and keeps what was said.
void tell_lost(const Run& run, const golden::Gold& gold, GoldSummary& summary) {
  for (const auto& [question, context] : gold.lost) {
    const auto& asked = run.questions[static_cast<std::size_t>(question)];
    const auto line = asked.line > 0 ? fmt::format(" (line {})", asked.line) : "";
    summary.lost.push_back(
        fmt::format("question \"{}\"{}, column \"contexts\": passage {} stands in no document of the corpus; "
                    "correct it, or add its document",
                    asked.id, line, context + 1));
    if (run.comm.rank() == 0) run.log(Level::warning, run.config.golden.file + ": " + summary.lost.back());
  }
}

/// The stages after reading, in their order. This is the one place that knows it.
void run_stages(Run& run, const golden::DocumentNames& names,
                std::span<const std::vector<golden::Passage>> passages, const RunOptions& options,
                Finished& finished) {
  const auto until = options.until;
  const auto wanted = [&](Stage stage) { return !until || stage <= *until; };
  golden::Gold gold;
  if (wanted(Stage::gold)) gold = find_gold(run, names, passages);
  finished.outcome.gold = {gold.located, gold.by_source, gold.without, gold.lost_passages, {}};
  tell_lost(run, gold, finished.outcome.gold);
  if (wanted(Stage::chunk)) chunk_documents(run);
  if (wanted(Stage::search)) check_shards_fit(run);
  if (wanted(Stage::embed)) embed_chunks(run);
  if (wanted(Stage::query)) embed_questions(run);
  if (wanted(Stage::index)) build_indexes(run);
  if (wanted(Stage::search)) search_indexes(run);
  if (until == Stage::search) finished.outcome.forecast = foresee_reranking(run);
  if (wanted(Stage::rerank)) rerank_hits(run);
  if (wanted(Stage::select)) select_contexts(run);
  finished.question_clusters = cluster_questions(gold);
  finished.complete = wanted(Stage::score);
  if (until == Stage::select) {
    if (options.pilot > 0) ask_pilot(run, gold, options.pilot);
    finished.outcome.forecast = foresee_calls(run, gold);
  }
  if (!finished.complete) return;
  finished.outcome.transient_rows += answer_and_score(run, gold);
  const auto span = run.trace.span(Track::stage, "aggregate");
  aggregate(run, finished.outcome);
}

/// The judge's schema as a forecast or a run would send it. Asks the server, where nobody has yet, if `calls`
/// are given. Collective.
void settle_schema(comm::Communicator& comm, const config::Config& config, Models& models,
                   CallSession* calls) {
  if (!models.llm_judge) return;
  set_json_schema(config, models,
                  sends_schema(comm, config, config.judge.json_schema, config.judge.llm, calls));
}

/// All that is known of the sweep before anything is claimed, asked or computed. Collective.
Finished look_ahead(comm::Communicator& comm, const config::Config& config, const RunOptions& options,
                    Prepared& ready) {
  Finished finished;
  finished.incarnation = options.incarnation;
  finished.tokenizer = ready.models.tokenizer_name;
  finished.precisions = precisions_of(ready.models);
  if (comm.rank() == 0) {
    finished.warnings = warnings_of(config, ready.questions);
    for (const auto& warning : finished.warnings) options.log(Level::warning, warning);
    for (const auto& [name, precision] : finished.precisions) {
      const auto embedder = ready.models.embedders.find(name);
      const bool on_gpu =
          embedder != ready.models.embedders.end() && embedder->second->device_bytes().weights > 0;
      options.log(Level::info, "model " + name + " computes in " + precision + " on " +
                                   (on_gpu ? ready.accelerator->numeric_class()
                                           : "instructions of class " + kernels::cpu::numeric_class()));
    }
  }
  ready.models.identities.document_names = digest_of_names(comm, ready.names, ready.questions.list);
  comm::agree(comm, [&] {
    ready.held_out =
        ready.questions.take(held_out(ready.questions.list, ready.questions.digests, config.golden.holdout,
                                      config.sweep.seed, config.golden.file));
  });
  finished.held_out = std::ssize(ready.held_out.list);
  finished.questions = std::move(ready.questions.list);
  settle_schema(comm, config, ready.models, nullptr);
  finished.plan = make_plan(config, ready.models.identities,
                            make_buckets(comm, ready.inputs, config.corpus.buckets), ready.questions.digests);
  if (options.plan_only && finished.held_out > 0) {  // the finalists may be any of them
    const auto rest = std::make_shared<Finished>();
    rest->plan = make_plan(config, ready.models.identities, finished.plan.buckets, ready.held_out.digests);
    finished.hold_out = rest;
  }
  return finished;
}

/// On rank 0; nothing on the others. Collective.
std::unique_ptr<state::Claim> claim_state(comm::Communicator& comm, const config::Config& config,
                                          const RunOptions& options, const Finished& finished) {
  std::unique_ptr<state::Claim> claim;
  comm::agree(comm, [&] {
    if (comm.rank() != 0) return;
    state::ClaimOptions claiming;
    claiming.replaces = options.replaces;
    claim = std::make_unique<state::Claim>(config.sweep.state, finished.incarnation, claiming);
    options.planned(finished);
  });
  return claim;
}

/// What every step of the work gets.
struct Setting {
  comm::Communicator& comm;
  const config::Config& config;
  const RunOptions& options;
  Progress& progress;
  comm::VectorExchange& vectors;
  Pulse pulse;  ///< also notices that another job has claimed the state folder
};

/// The board and MLflow follow the sweep; of its hold-out they hear calls alone, for its nodes have other
/// numbers.
class CallsOnly final : public Progress {
 public:
  explicit CallsOnly(Progress& whole) : whole_(whole) {}
  void begin(Stage, std::int64_t, std::int64_t) override {}
  void advance(std::int64_t) override {}
  void calls(const CallsNow& now) override { whole_.calls(now); }
  void end() override {}

 private:
  Progress& whole_;
};

/// Asks the finalists what nobody was chosen by: the same stages over other questions. What a part holds of
/// documents alone is there from the first pass. Collective.
void run_hold_out(const Run& first, Prepared& ready, const RunOptions& options, Finished& finished) {
  if (ready.held_out.list.empty() || !finished.complete) return;
  const auto chosen = finalists(finished.plan, finished.verdict, first.config.golden.holdout_trials);
  if (chosen.empty()) return;  // nothing could be compared
  const auto rest = std::make_shared<Finished>();
  rest->questions = std::move(ready.held_out.list);
  rest->outcome.metrics = finished.outcome.metrics;
  rest->outcome.document_names = finished.outcome.document_names;
  rest->plan = make_plan(first.config, first.models.identities, first.plan.buckets, ready.held_out.digests,
                         {chosen.begin(), chosen.end()});
  if (first.comm.rank() == 0)
    first.log(Level::info,
              fmt::format("hold-out: {} questions for {} trials", rest->questions.size(), chosen.size()));
  CallsOnly progress(first.progress);
  Tally tally;  // what the stages of the sweep took is told apart
  const auto sealed = broadcast_sealed(first.comm, first.parts);
  Run second{first.comm,        first.config,
             rest->plan,        first.parts,
             first.models,      rest->questions,
             first.workers,     {sealed.begin(), sealed.end()},
             first.pulse,       first.log,
             progress,          tally,
             first.fault,       first.calls,
             first.trace,       first.vectors,
             first.accelerator, {}};  // nobody hears of these scores before the verdict does
  run_stages(second, ready.names, ready.held_out.passages, options, *rest);
  finished.outcome.transient_rows += rest->outcome.transient_rows;
  finished.hold_out = rest;
}

/// Reads the documents and takes them through the stages. Collective.
void compute(const Setting& setting, Prepared& ready, Finished& finished) {
  auto& [comm, config, options, progress, vectors, pulse] = setting;
  const state::PartStore parts(config.sweep.state, finished.incarnation, comm.rank());
  const auto sealed = broadcast_sealed(comm, parts);
  auto& outcome = finished.outcome;
  outcome = start_outcome(comm, config, ready.inputs);
  outcome.rejected_questions = ready.questions.rejected;
  outcome.judge_of_itself = judge_of_itself(config);
  Tally tally;
  const ObjectCache objects(config.sweep.state, options.s3);
  const auto buckets = read_documents({comm, config.corpus, objects, parts, sealed, outcome.workers, pulse,
                                       options.fault, progress, tally, options.trace},
                                      ready.inputs, outcome);
  CallSession calls({comm, config, options.until, outcome.workers, finished.incarnation, pulse, options.log,
                     "objective.budget", options.trace, &progress});
  const bool asks_judge = !options.until || *options.until >= Stage::score || options.pilot > 0;
  settle_schema(comm, config, ready.models, asks_judge ? &calls : nullptr);
  finished.plan = make_plan(config, ready.models.identities, buckets, ready.questions.digests);
  progress.planned(finished.plan);
  comm::agree(comm, [&] {
    if (setting.comm.rank() == 0) setting.options.planned(finished);
  });
  const Pulse timely = [&calls, pulse = pulse] {
    pulse();
    calls.check_time();
  };
  Run run{comm,
          config,
          finished.plan,
          parts,
          ready.models,
          finished.questions,
          outcome.workers,
          {sealed.begin(), sealed.end()},
          timely,
          options.log,
          progress,
          tally,
          options.fault,
          calls,
          options.trace,
          vectors,
          ready.accelerator,
          options.scored};
  collect_failures(run, outcome.document_names, outcome);
  run_stages(run, ready.names, ready.questions.passages, options, finished);
  if (finished.complete) finished.verdict = judge_trials(comm, config, finished, parts, timely);
  outcome.usage_of_sweep = gather_usage(comm, calls.usage());
  try {
    run_hold_out(run, ready, options, finished);
  } catch (const Error& error) {
    // The sweep itself is paid for and compared.
    if (!error.on_all_ranks || error.code != ExitCode::budget) throw;
    finished.hold_out_unpaid = error.what();
  }
  if (finished.complete) outcome.probed = probe_latency(run, finished.verdict);
  calls.finish();
  tally.calls = calls.counts().sent;
  tally.calls_from_state = calls.counts().from_store;
  outcome.usage = gather_usage(comm, calls.usage());
  outcome.ranks = comm.all_gather(tally);
  outcome.hosts = ready.hosts.of_rank;
}

}  // namespace

Finished run(comm::Communicator& comm, const config::Config& config, const RunOptions& options,
             Progress& progress) {
  const Pulse pulse = comm::pulse_of(comm, options.stop);
  auto preparing = std::make_optional(options.trace.span(Track::stage, "prepare"));
  auto ready = prepare(comm, config, options, pulse);
  const auto vectors = open_exchange(comm, config, options, ready.accelerator != nullptr);
  auto finished = look_ahead(comm, config, options, ready);
  finished.vectors_over = vectors->name();
  if (!options.plan_only) {
    const auto claim = claim_state(comm, config, options, finished);
    const Pulse claimed = [&claim, pulse] {
      pulse();
      if (claim) claim->check();
    };
    preparing.reset();
    compute({comm, config, options, progress, *vectors, claimed}, ready, finished);
  }
  vectors->close();
  return finished;
}

state::PartStore open_parts(const config::Config& config, const Finished& finished) {
  return {config.sweep.state, finished.incarnation, 0};
}

}  // namespace dream::sweep
