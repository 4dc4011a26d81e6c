#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "calls/chat.hpp"
#include "net/http.hpp"

/// The embeddings interface of OpenAI (POST /embeddings): making requests and reading replies. Pure functions
/// of bytes.
namespace dream::calls {

struct EmbeddingsRequest {
  std::string model;
  std::int64_t dimensions = 0;  ///< asked for; 0: the model's own
  bool base64 = true;  ///< ask for vectors as base64 of little-endian float32; numbers are read as well
};

/// The body of a request for the vectors of `texts`, as canonical JSON. Bytes that are no UTF-8 are replaced.
[[nodiscard]] std::string embeddings_body(const EmbeddingsRequest& request,
                                          std::span<const std::string> texts);

/// What the vector of one text depends on, and nothing else; so not how it travels or with which others.
[[nodiscard]] std::string embedding_identity(const EmbeddingsRequest& request, const std::string& text);

/// `reason`: as in ChatReply, and too_long (a row), no_vector.
struct EmbeddingsReply {
  Verdict verdict = Verdict::transient;
  std::string reason;
  std::vector<std::vector<float>>
      vectors;  ///< one per text, in the order of the request; empty: null, NaN in it, or all zero
  std::int64_t input_tokens = 0;
};

/// Reads the reply to a request for `texts` vectors.
[[nodiscard]] EmbeddingsReply read_embeddings(const net::HttpResult& result, std::size_t texts);

/// Whether an endpoint says that a text is longer than its model can read. Many say 400 for that, some 413,
/// some 500.
[[nodiscard]] bool says_too_long(const net::HttpResult& result);

/// The body that is kept for one text, whoever else was in its request: read_embeddings() reads it back, to
/// the bit. An empty vector is kept as null.
[[nodiscard]] std::string embedding_record(std::span<const float> vector);

}  // namespace dream::calls
