#pragma once
#include <span>
#include <string>
#include <string_view>

#include "base/digest.hpp"
#include "calls/embeddings.hpp"
#include "calls/endpoint.hpp"

/// The reranking interface of Jina and Cohere, which vLLM serves as well, and that of Text Embeddings
/// Inference (POST /rerank): making requests and reading replies. Pure functions of bytes.
namespace dream::calls {

/// A question and a passage as one text, as which they travel through the asker.
[[nodiscard]] std::string pair_text(std::string_view query, std::string_view passage);

/// The name of a pair among the pairs of a job. Pairs with the same query have the same prefix, so that they
/// have one home and stand side by side when they are sorted.
[[nodiscard]] Digest pair_name(std::string_view query, std::string_view passage);

/// The body of a request for the scores of pairs of one query, in the shape of endpoint.rerank_as.
[[nodiscard]] std::string rerank_body(const Endpoint& endpoint, std::span<const std::string> pairs);

/// Reads the reply to a request for `pairs` scores, in any of the shapes. A score is a vector of one number;
/// empty: null or not finite. A reply that leaves a pair out, names one twice or one that was not asked is
/// "schema".
[[nodiscard]] EmbeddingsReply read_rerank(const net::HttpResult& result, std::size_t pairs);

/// The body that is kept for one pair: read_rerank() reads it back, to the bit.
[[nodiscard]] std::string rerank_record(std::span<const float> score);

}  // namespace dream::calls
