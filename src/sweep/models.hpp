#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/log.hpp"
#include "comm/communicator.hpp"
#include "config/config.hpp"
#include "judge/queries.hpp"
#include "stages/embed/embedder.hpp"
#include "stages/rerank/reranker.hpp"
#include "stages/score/judge.hpp"
#include "sweep/plan.hpp"
#include "text/tokenizer.hpp"

namespace dream::sweep {

/// The models of a sweep, loaded once per rank.
struct Models {
  std::map<std::string, std::unique_ptr<embed::Embedder>>
      embedders;  ///< by the config's names; those behind endpoints are not here
  std::map<std::string, std::unique_ptr<rerank::Reranker>> rerankers;  ///< the same
  std::shared_ptr<const text::Tokenizer> chunk_tokenizer;
  std::string tokenizer_name;                ///< a model's name, or "words"
  std::string judge_embedder;                ///< which of them the judge compares texts with
  std::unique_ptr<score::Judge> judge;       ///< the built-in one, or none
  std::optional<judge::Settings> llm_judge;  ///< how the model judge.llm is asked, or nothing
  Identities identities;

  [[nodiscard]] const rerank::Reranker& reranker(const std::string& name) const {
    return *rerankers.at(name);
  }
  [[nodiscard]] const embed::Embedder& embedder(const std::string& name) const { return *embedders.at(name); }
};

/// Loads what the config names, to compute with that, but for the weights. Local. Throws ModelError, or
/// ConfigError for a judge that this build does not have.
[[nodiscard]] Models load_models(const config::Config& config, const model::Compute& compute);

/// Whether judge.llm, a model behind an endpoint, is sent JSON schemas: what "auto" turned out to mean. It is
/// in the judge's identity. Until then "auto" is a yes.
void set_json_schema(const config::Config& config, Models& models, bool json_schema);

/// Packs the weights of models that are alike on all ranks, once for each node: its ranks share the memory
/// and the work. Logs where they cannot. Those of an accelerator's models go into its memory. Throws
/// ModelError on all ranks for a tensor that is missing or does not fit. Collective.
void place_weights(comm::Communicator& comm, Models& models, const Log& log);

}  // namespace dream::sweep
