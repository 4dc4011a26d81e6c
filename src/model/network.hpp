#pragma once
#include <cstdint>
#include <filesystem>
#include <string_view>

#include "base/digest.hpp"
#include "kernels/api/activation.hpp"

namespace dream::model {

/// Which names the tensors have, and what is special about places and attention.
enum class Family {
  bert,
  roberta,  ///< also XLM-RoBERTa and CamemBERT
  mpnet     ///< scores of attention depend on the distance, too; no token types
};

/// What config.json says of an encoder.
struct Network {
  Family family = Family::bert;
  std::int64_t layers = 0;
  std::int64_t hidden = 0;
  std::int64_t heads = 0;
  std::int64_t intermediate = 0;
  std::int64_t vocabulary = 0;
  std::int64_t positions = 0;       ///< longest input in tokens
  std::int64_t first_position = 0;  ///< the row of the position embeddings that the first token gets
  std::int64_t types = 0;           ///< kinds of tokens: a pair's second text has type 1 where there are two
  std::int64_t distance_buckets = 0;  ///< of MPNet's attention
  double epsilon = 0;
  kernels::Activation activation = kernels::Activation::gelu;

  /// Digest of all of it.
  [[nodiscard]] Digest identity() const;
};

/// Reads config.json. Throws ModelError for an architecture or a setting that this build would compute
/// differently, and says which it knows.
[[nodiscard]] Network read_network(const std::filesystem::path& config);

}  // namespace dream::model
