#include "sweep/models.hpp"

#include <set>

#include "base/errors.hpp"
#include "calls/endpoint.hpp"
#include "calls/prompt.hpp"
#include "stages/chunk/chunker.hpp"
#include "stages/generate/extractive.hpp"
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

void load_embedder(const config::Config& config, const std::string& name, int threads, Models& models) {
  if (models.identities.embedders.contains(name)) return;
  const auto& model = config.model(name);
  if (model.kind == calls::openai_kind().name) {
    models.identities.embedders[name] = identify_endpoint(calls::endpoint_of(model));
    return;
  }
  const auto* row = embed::embedder_row(model.kind);
  DREAM_CHECK(row != nullptr, "the config has checked that " + name + " is an embedder");
  auto embedder = row->make(model.params, threads);
  models.identities.embedders[name] = embedder->identity();
  models.embedders[name] = std::move(embedder);
}

/// The name behind chunking.tokenizer: "auto" is the first model of space.embedder that has a tokenizer, else "words".
std::string tokenizer_name(const config::Config& config, const Models& models) {
  if (config.chunking.tokenizer != "auto") return config.chunking.tokenizer;
  for (const auto& name : config.space.embedders) {
    if (models.embedders.contains(name) && models.embedder(name).tokenizer()) return name;
  }
  return "words";
}

void load_tokenizer(const config::Config& config, int threads, Models& models) {
  models.tokenizer_name = tokenizer_name(config, models);
  if (models.tokenizer_name == "words") {
    models.chunk_tokenizer = text::words_tokenizer();
    return;
  }
  load_embedder(config, models.tokenizer_name, threads, models);
  if (models.embedders.contains(models.tokenizer_name)) {
    models.chunk_tokenizer = models.embedder(models.tokenizer_name).tokenizer();
  }
  if (!models.chunk_tokenizer) {
    throw ConfigError("chunking.tokenizer: the model \"" + models.tokenizer_name +
                      "\" has no tokenizer; use \"words\" or another model");
  }
}

/// What decides a model's answers: kind and parameters, but neither where it is served nor how it is asked or paid.
Digest identify_llm(const config::Model& model) {
  static const std::set<std::string> matter = {"max_tokens", "model", "revision", "temperature"};
  const bool remote = model.kind == calls::openai_kind().name;
  Hasher hasher("llm");
  hasher.add(model.kind).add(std::int64_t{generate::extractive_version}).add(std::int64_t{calls::answer_prompt_version});
  for (const auto& [name, value] : model.params.all()) {
    if (!remote || matter.contains(name)) hasher.add(name).add(to_text(value));
  }
  return hasher.finish();
}

/// What the config forces and this build lacks is an error, never quietly something else.
void check_forced(const config::Config& config) {
  if (config.device.backend == "cuda") {
    throw ConfigError("device.backend = \"cuda\": this build has no GPU support; write \"cpu\" or \"auto\"");
  }
  if (config.judge.llm != score::overlap_info().name) {
    throw ConfigError("judge.llm = \"" + config.judge.llm + "\": this build has no judge but \"overlap\"");
  }
}

}  // namespace

Models load_models(const config::Config& config, int threads) {
  check_forced(config);
  Models models;
  for (const auto& name : config.space.embedders) load_embedder(config, name, threads, models);
  models.judge_embedder = config.judge.embedder.empty() ? config.space.embedders.front() : config.judge.embedder;
  load_embedder(config, models.judge_embedder, threads, models);
  load_tokenizer(config, threads, models);
  models.judge = score::make_overlap_judge(defaults_of(score::overlap_info()));

  auto& identities = models.identities;
  identities.tokenizer = models.chunk_tokenizer->identity();
  identities.judge =
      Hasher("judge").add(models.judge->identity()).add(identities.embedders.at(models.judge_embedder)).finish();
  for (const auto& method : config.space.methods) {
    const auto& row = chunk::chunker_row(method.name);
    identities.methods.push_back(
        Hasher("method").add(method.canonical()).add(std::int64_t{row.version}).finish());
    identities.auto_merge.push_back(row.auto_merge);
  }
  for (const auto& name : config.space.llms) identities.llms[name] = identify_llm(config.model(name));
  return models;
}

}  // namespace dream::sweep
