#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string_view>

#include "base/digest.hpp"
#include "base/matrix.hpp"
#include "base/pulse.hpp"
#include "model/encoder.hpp"
#include "model/sequence_batch.hpp"
#include "text/model_tokenizer.hpp"

namespace dream::model {

/// A question and a text that may answer it.
struct TextPair {
  std::string_view query, passage;
};

/// Tokens that stay of two texts of a and b tokens when together they may be `most`: the longer one is cut
/// first, as Hugging Face's `longest_first` does it.
struct PairLengths {
  std::int64_t query, passage;
};
[[nodiscard]] PairLengths cut_longest_first(std::int64_t a, std::int64_t b, std::int64_t most);

/// A sequence-classification model, which reads both texts of a pair at once, as sentence-transformers'
/// CrossEncoder runs it.
class CrossEncoder {
 public:
  /// The precision is one that kernels::cpu::supports(). max_tokens: longest pair, special tokens included;
  /// 0: the folder's own. Throws ModelError for files that are missing or broken and for anything that this
  /// build would compute differently.
  CrossEncoder(const std::filesystem::path& folder, int threads,
               kernels::Precision precision = kernels::Precision::fp32, std::int64_t max_tokens = 0);

  /// Scores of a pair: 1 for a reranker.
  [[nodiscard]] std::int64_t labels() const { return labels_; }
  /// Digest of all that decides the scores.
  [[nodiscard]] Digest identity() const { return identity_; }
  /// As Encoder's.
  [[nodiscard]] std::int64_t weight_bytes() const { return encoder_->weight_bytes(); }
  void place_weights(WeightMemory memory) const { encoder_->place_weights(std::move(memory)); }
  /// out: (pairs, labels()). A pair's scores do not depend, in any bit, on the other pairs. From one thread
  /// at a time.
  void score(std::span<const TextPair> pairs, MatrixView<float> out, const Pulse& pulse) const;

 private:
  /// Returns where the passage begins among the ids added.
  [[nodiscard]] std::int64_t add_pair(const TextPair& pair, std::vector<std::int32_t>& ids) const;

  text::ModelTokenizer text_;
  std::int64_t window_ = 0;
  std::int64_t labels_ = 0;
  Digest identity_;
  std::unique_ptr<const Encoder> encoder_;
  mutable SequenceBatch batch_;  ///< score() is called from one thread
};

}  // namespace dream::model
