#pragma once
#include <span>
#include <string>
#include <string_view>

#include "base/digest.hpp"
#include "calls/embeddings.hpp"
#include "calls/endpoint.hpp"

namespace dream::calls {

/// A kind of request that carries many texts, each of which gets a short vector of its own, whoever else is
/// in the request.
struct BatchKind {
  std::string_view path;     ///< "/embeddings"
  std::string_view purpose;  ///< what its requests are counted as
  std::string_view missing;  ///< reason of a text whose vector is none
  std::int64_t numbers = 0;  ///< in a vector; 0: as the endpoint's config says
  Digest (*key)(const Endpoint& endpoint, const std::string& text);  ///< its name in the call store
  bool (*together)(const std::string& a, const std::string& b);      ///< whether they may share a request
  std::string (*body)(const Endpoint& endpoint, std::span<const std::string> texts);
  EmbeddingsReply (*read)(const net::HttpResult& result, std::size_t texts);
  std::string (*record)(std::span<const float> vector);  ///< read() reads it back, as of one text
};

/// Vectors of texts (embeddings.hpp).
[[nodiscard]] const BatchKind& embeddings_kind();
/// Scores of pairs, a number each (rerank.hpp).
[[nodiscard]] const BatchKind& rerank_kind();

}  // namespace dream::calls
