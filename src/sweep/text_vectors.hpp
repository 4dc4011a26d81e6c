#pragma once
#include <span>
#include <string>

#include "stages/embed/embedder.hpp"
#include "sweep/model_rows.hpp"

namespace dream::sweep {

/// Embeds texts for all ranks together, by a model in this program or behind an endpoint; a text is embedded
/// once per embedder and role, however many ranks, documents, methods or trials hold it. A text that an
/// endpoint refuses for good has a vector of zeros.
class TextVectors {
 public:
  /// Learns the dimension of a model behind an endpoint from a first short text. Collective. Throws
  /// EndpointError when it is not what the config says.
  TextVectors(Run& run, const std::string& embedder, embed::Role role);

  [[nodiscard]] std::int64_t dimension() const { return rows_.cols(); }

  /// texts -> (texts.size(), dimension), in order. Collective: every rank calls it, with any number of texts.
  /// Throws EndpointError when texts could not be embedded for reasons that may pass.
  [[nodiscard]] Matrix embed(std::span<const std::string> texts);

 private:
  ModelRows rows_;
};

}  // namespace dream::sweep
