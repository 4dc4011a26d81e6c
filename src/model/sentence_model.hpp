#pragma once
#include <filesystem>
#include <memory>

#include "kernels/api/pool_normalise.hpp"
#include "model/network.hpp"
#include "text/wordpiece.hpp"

namespace dream::model {

/// All of a sentence-transformers folder but its weights.
struct SentenceModel {
  Network network;
  kernels::Pooling pooling = kernels::Pooling::mean;
  std::int64_t window = 0;  ///< longest input in tokens, [CLS] and [SEP] included
  std::shared_ptr<const text::WordPiece> tokenizer;
  std::filesystem::path weights;
};

/// Reads config.json, the tokenizer, and where present modules.json, the pooling's config and
/// sentence_bert_config.json; a folder without modules.json is pooled by the mean, as sentence-transformers
/// does. Throws ModelError for files that are missing or broken and for anything that this build would
/// compute differently.
[[nodiscard]] SentenceModel read_sentence_model(const std::filesystem::path& folder);

}  // namespace dream::model
