#include "sweep/models.hpp"

#include <fmt/format.h>

#include <set>

#include "base/errors.hpp"
#include "base/host.hpp"
#include "calls/endpoint.hpp"
#include "calls/prompt.hpp"
#include "comm/agree.hpp"
#include "comm/node_memory.hpp"
#include "stages/chunk/chunker.hpp"
#include "stages/generate/extractive.hpp"
#include "stages/score/canaries.hpp"
#include "stages/score/judge.hpp"

namespace dream::sweep {
namespace {

/// Of a model behind an endpoint: what its vectors depend on as far as the config knows.
Digest identify_endpoint(const calls::Endpoint& endpoint) {
  return Hasher("endpoint embedder")
      .add(endpoint.model)
      .add(endpoint.revision)
      .add(endpoint.dimensions)
      .add(endpoint.query_prefix)
      .add(endpoint.passage_prefix)
      .finish();
}

void load_embedder(const config::Config& config, const std::string& name, const model::Compute& compute,
                   Models& models) {
  if (models.identities.embedders.contains(name)) return;
  const auto& model = config.model(name);
  if (model.kind == calls::openai_kind().name) {
    models.identities.embedders[name] = identify_endpoint(calls::endpoint_of(model));
    return;
  }
  const auto* row = embed::embedder_row(model.kind);
  DREAM_CHECK(row != nullptr, "the config has checked that " + name + " is an embedder");
  auto embedder = row->make(model.params, compute);
  models.identities.embedders[name] = embedder->identity();
  models.embedders[name] = std::move(embedder);
}

/// Of a reranker behind an endpoint, likewise.
Digest identify_remote_reranker(const calls::Endpoint& endpoint) {
  return Hasher("endpoint reranker").add(endpoint.model).add(endpoint.revision).finish();
}

void load_reranker(const config::Config& config, const std::string& name, int threads, Models& models) {
  const auto& model = config.model(name);
  if (model.kind == calls::openai_kind().name) {
    models.identities.rerankers[name] = identify_remote_reranker(calls::endpoint_of(model));
    return;
  }
  const auto* row = rerank::reranker_row(model.kind);
  DREAM_CHECK(row != nullptr, "the config has checked that " + name + " is a reranker");
  auto reranker = row->make(model.params, threads);
  models.identities.rerankers[name] = reranker->identity();
  models.rerankers[name] = std::move(reranker);
}

/// The name behind chunking.tokenizer: "auto" is the first model of space.embedder that has a tokenizer, else
/// "words".
std::string tokenizer_name(const config::Config& config, const Models& models) {
  if (config.chunking.tokenizer != "auto") return config.chunking.tokenizer;
  for (const auto& name : config.space.embedders) {
    if (models.embedders.contains(name) && models.embedder(name).tokenizer()) return name;
  }
  return "words";
}

void load_tokenizer(const config::Config& config, const model::Compute& compute, Models& models) {
  models.tokenizer_name = tokenizer_name(config, models);
  if (models.tokenizer_name == "words") {
    models.chunk_tokenizer = text::words_tokenizer();
    return;
  }
  load_embedder(config, models.tokenizer_name, compute, models);
  if (models.embedders.contains(models.tokenizer_name)) {
    models.chunk_tokenizer = models.embedder(models.tokenizer_name).tokenizer();
  }
  if (!models.chunk_tokenizer) {
    throw ConfigError("chunking.tokenizer: the model \"" + models.tokenizer_name +
                      "\" has no tokenizer; use \"words\" or another model");
  }
}

/// What decides a model's replies: of one behind an endpoint neither where it is served nor how it is asked
/// or paid.
void add_model(Hasher& hasher, const config::Model& model) {
  static const std::set<std::string> matter = {"max_tokens", "model", "revision", "temperature"};
  const bool remote = model.kind == calls::openai_kind().name;
  for (const auto& [name, value] : model.params.all()) {
    if (!remote || matter.contains(name)) hasher.add(name).add(to_text(value));
  }
}

Digest identify_llm(const config::Model& model) {
  Hasher hasher("llm");
  hasher.add(model.kind)
      .add(std::int64_t{generate::extractive_version})
      .add(std::int64_t{calls::answer_prompt_version});
  add_model(hasher, model);
  return hasher.finish();
}

Digest identify_judge(const judge::Settings& settings, const config::Model& model) {
  Hasher hasher("judge/llm");
  hasher.add(std::int64_t{judge::version})
      .add(score::rule_names()[static_cast<std::size_t>(settings.rules.rules)]);
  hasher.add(std::int64_t{settings.rules.strict})
      .add(settings.repeats)
      .add(std::int64_t{settings.json_schema});
  hasher.add(settings.prompts.digest).add(model.kind);
  add_model(hasher, model);
  return hasher.finish();
}

/// Loads the judge and returns its identity, without the embedder's.
Digest load_judge(const config::Config& config, Models& models) {
  const auto& judge = config.judge;
  if (judge.llm == score::overlap_info().name) {
    models.judge = score::make_overlap_judge(defaults_of(score::overlap_info()));
    return models.judge->identity();
  }
  const auto rules = score::rules_of(judge.rules);
  models.llm_judge = {{rules, judge.strict},
                      judge.repeats,
                      judge.json_schema != "false",
                      judge::load_prompts(judge.prompts, rules)};
  return identify_judge(*models.llm_judge, config.model(judge.llm));
}

/// With the embedder that it compares texts with.
Digest judge_with_embedder(const Digest& judge, const Models& models) {
  return Hasher("judge")
      .add(judge)
      .add(models.identities.embedders.at(models.judge_embedder))
      .add(score::canaries().digest())
      .finish();
}

/// What the config forces and cannot be is an error, never quietly something else.
void check_forced(const config::Config& config) {
  const auto& judge = config.judge.llm;
  if (judge != score::overlap_info().name && config.model(judge).kind == generate::extractive_info().name) {
    throw ConfigError("judge.llm = \"" + judge +
                      "\": a model of kind \"extractive\" quotes and cannot judge; name one of kind " +
                      "\"openai\", or \"overlap\"");
  }
}

}  // namespace

Models load_models(const config::Config& config, const model::Compute& compute) {
  check_forced(config);
  Models models;
  for (const auto& name : config.space.embedders) load_embedder(config, name, compute, models);
  models.judge_embedder =
      config.judge.embedder.empty() ? config.space.embedders.front() : config.judge.embedder;
  load_embedder(config, models.judge_embedder, compute, models);
  load_tokenizer(config, compute, models);
  for (const auto& name : config.space.rerankers) {
    if (name != no_reranker) load_reranker(config, name, compute.threads, models);
  }

  auto& identities = models.identities;
  identities.tokenizer = models.chunk_tokenizer->identity();
  identities.judge = judge_with_embedder(load_judge(config, models), models);
  for (const auto& method : config.space.methods) {
    const auto& row = chunk::chunker_row(method.name);
    identities.methods.push_back(
        Hasher("method").add(method.canonical()).add(std::int64_t{row.version}).finish());
    identities.auto_merge.push_back(row.auto_merge);
  }
  for (const auto& name : config.space.llms) identities.llms[name] = identify_llm(config.model(name));
  return models;
}

void set_json_schema(const config::Config& config, Models& models, bool json_schema) {
  auto& settings = models.llm_judge.value();
  settings.json_schema = json_schema;
  models.identities.judge =
      judge_with_embedder(identify_judge(settings, config.model(config.judge.llm)), models);
}

namespace {

/// Only rank 0 has a log.
void log_refusals(comm::Communicator& comm, const std::string& model, std::int64_t bytes,
                  const comm::NodeMemory& memory, const Log& log) {
  std::string mine;
  if (!memory.refusal().empty())
    mine = fmt::format(" rank {} on {}: {};", comm.rank(), host_name(), memory.refusal());
  const auto all = comm.gather_v(std::span<const char>(mine), 0);
  if (all.values.empty()) return;
  log(Level::warning,
      fmt::format("models.{}: ranks that share no memory keep weights of their own, {} MiB each:{}", model,
                  bytes >> 20, std::string_view(all.values.data(), all.values.size() - 1)));
}

/// An embedder or a reranker.
template <class Model>
void place(comm::Communicator& comm, const std::string& name, Model& model, const Log& log) {
  const auto bytes = model.weight_bytes();
  if (bytes == 0) return;
  const auto memory = comm::node_memory(comm, bytes);
  log_refusals(comm, name, bytes, memory, log);
  comm::agree(comm, [&] {
    model.place_weights({memory.bytes(), memory.part(), memory.parts(), memory.owner()});
  });
  memory.seal();
}

}  // namespace

void place_weights(comm::Communicator& comm, Models& models, const Log& log) {
  for (const auto& [name, embedder] : models.embedders) place(comm, name, *embedder, log);
  comm::agree(comm, [&] {
    for (const auto& [name, embedder] : models.embedders) embedder->load();
  });
  for (const auto& [name, reranker] : models.rerankers) place(comm, name, *reranker, log);
}

}  // namespace dream::sweep
