#pragma once
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/matrix.hpp"
#include "stages/embed/embedder.hpp"
#include "sweep/once.hpp"
#include "sweep/run_context.hpp"

namespace dream::sweep {

/// Embeds texts for all ranks together; a text is embedded once per embedder and role, however many ranks, documents,
/// methods or trials hold it, until the vectors of this rank's share pass memory_bytes and are forgotten.
class TextVectors {
 public:
  TextVectors(Run& run, const std::string& embedder, embed::Role role);

  /// texts -> (texts.size(), dimension), in order. Collective: every rank calls it, with any number of texts.
  [[nodiscard]] Matrix embed(std::span<const std::string> texts);

 private:
  [[nodiscard]] std::vector<Bytes> serve(const std::vector<Request>& requests);

  static constexpr std::int64_t memory_bytes = std::int64_t{1} << 30;

  Run& run_;
  const embed::Embedder& embedder_;
  embed::Role role_;
  std::unordered_map<Digest, std::vector<float>> known_;
};

}  // namespace dream::sweep
