#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "base/digest.hpp"
#include "kernels/api/pool.hpp"
#include "model/head.hpp"
#include "model/network.hpp"
#include "text/model_tokenizer.hpp"

namespace dream::model {

/// A dense layer that follows the pooling.
struct DenseModule {
  std::filesystem::path folder;  ///< of its weights
  std::int64_t inputs = 0;
  std::int64_t outputs = 0;
  bool bias = true;
  Squash squash = Squash::tanh;
};

/// All of a sentence-transformers folder but the weights.
struct SentenceModel {
  Network network;
  std::filesystem::path folder;  ///< of the encoder's weights
  text::ModelTokenizer text;
  std::int64_t window = 0;  ///< longest input in tokens, special ones included
  std::vector<kernels::Pooling> poolings{kernels::Pooling::mean};
  bool pools_prompt = true;  ///< the prompt's tokens count in the pooling
  std::vector<DenseModule> dense;
  std::string query_prompt, passage_prompt;

  /// Numbers in a vector.
  [[nodiscard]] std::int64_t outputs() const;
  /// Poolings and dense layers; vectors are normalised in any case, as the contract of an embedder says.
  /// Throws ModelError for dense weights that are missing or do not fit.
  [[nodiscard]] Head head() const;
  /// Digest of all that decides the vector of given token ids but the weights in `folder`.
  [[nodiscard]] Digest identity() const;
};

/// Reads config.json, the tokenizer, and where present modules.json, the modules' own configs,
/// sentence_bert_config.json and config_sentence_transformers.json; a folder without modules.json is pooled
/// by the mean, as sentence-transformers does. Throws ModelError for files that are missing or broken and for
/// anything that this build would compute differently.
[[nodiscard]] SentenceModel read_sentence_model(const std::filesystem::path& folder);

}  // namespace dream::model
