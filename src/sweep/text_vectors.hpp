#pragma once
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/matrix.hpp"
#include "stages/embed/embedder.hpp"
#include "sweep/call_session.hpp"
#include "sweep/run_context.hpp"

namespace dream::sweep {

/// Embeds texts for all ranks together, by a model in this program or behind an endpoint; a text is embedded
/// once per embedder and role, however many ranks, documents, methods or trials hold it, until the vectors of
/// this rank's share pass memory_bytes and are forgotten. A text that an endpoint refuses for good has a
/// vector of zeros.
class TextVectors {
 public:
  /// Learns the dimension of a model behind an endpoint from a first short text, whose vector is kept like
  /// any other. Collective. Throws EndpointError when it is not what the config says.
  TextVectors(Run& run, const std::string& embedder, embed::Role role);

  [[nodiscard]] std::int64_t dimension() const { return dimension_; }

  /// texts -> (texts.size(), dimension), in order. Collective: every rank calls it, with any number of texts.
  /// Throws EndpointError when texts could not be embedded for reasons that may pass.
  [[nodiscard]] Matrix embed(std::span<const std::string> texts);

 private:
  [[nodiscard]] std::vector<Served> serve(const std::vector<Request>& requests);
  void embed_here(const std::vector<const Request*>& fresh);
  void embed_there(const std::vector<const Request*>& fresh);
  [[nodiscard]] std::int64_t ask_dimension();

  static constexpr std::int64_t memory_bytes = std::int64_t{1} << 30;

  Run& run_;
  const embed::Embedder* here_ = nullptr;   ///< either this
  const calls::Endpoint* there_ = nullptr;  ///< or that
  std::string prefix_;                      ///< of texts that go to an endpoint
  std::int64_t dimension_ = 0;
  embed::Role role_;
  std::unordered_map<Digest, std::vector<float>> known_;
};

}  // namespace dream::sweep
