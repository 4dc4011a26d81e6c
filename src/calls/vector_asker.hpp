#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/pulse.hpp"
#include "calls/batch_kind.hpp"
#include "calls/call_store.hpp"
#include "calls/embeddings.hpp"
#include "calls/sender.hpp"

namespace dream::calls {

/// What became of a text.
struct AskedVector {
  std::vector<float> vector;  ///< as the endpoint gave it; empty when `reason` is set
  std::string reason;         ///< as in EmbeddingsReply, BatchKind::missing, and "budget"
  bool final = true;          ///< false: not kept; the next run asks again
};

/// The name of a text's vector in the call store (docs/adr/0011-a-record-per-text.md).
[[nodiscard]] Digest vector_key(const Endpoint& endpoint, const std::string& text);

/// One rank's calls to endpoints that embed, or that score pairs for a reranker: a score is a vector of one
/// number, a pair a text (rerank.hpp). Texts that the store has are not asked for again; the others go
/// out in batches, and each text gets a record of its own from its batch's reply. A batch that the endpoint
/// refuses is halved until the text that it refuses stands alone; a vector with NaN is asked for once more
/// alone. One thread; nothing here is collective.
class VectorAsker {
 public:
  /// All outlive it; while ask() runs, nobody else uses the sender.
  VectorAsker(CallStore& store, Sender& sender, const net::Redactor& redact,
              const BatchKind& kind = embeddings_kind())
      : store_(store), sender_(sender), redact_(redact), kind_(kind) {}

  /// The vectors of `texts`, in order; equal texts are asked for once. `dimension`: what every vector must
  /// have. Throws EndpointError for another dimension, and when nothing can succeed any more; what has
  /// arrived is kept.
  [[nodiscard]] std::vector<AskedVector> ask(const Endpoint& endpoint, std::int64_t dimension,
                                             const std::vector<std::string>& texts, const Pulse& pulse);

  /// The vector of a first text, which shows what the endpoint makes of our requests: of any dimension unless
  /// the config states one. A refusal is not kept: it throws EndpointError.
  [[nodiscard]] AskedVector ask_first(const Endpoint& endpoint, const std::string& text, const Pulse& pulse);

  /// Where the requests go.
  [[nodiscard]] std::string url(const Endpoint& endpoint) const {
    return endpoint.base_url + std::string(kind_.path);
  }

  /// Texts, as numbers of `texts`, in the requests that carry them.
  [[nodiscard]] std::vector<std::vector<std::size_t>> batches(const Endpoint& endpoint,
                                                              const std::vector<std::string>& texts,
                                                              const std::vector<std::size_t>& members) const;

 private:
  /// Texts of one request, as numbers of `texts_`.
  struct Batch {
    std::vector<std::size_t> members;
    EmbeddingsReply reply;  ///< of the last attempt
  };

  void look_up();
  void send(std::vector<std::size_t> members);
  void receive(const Sent& sent);
  [[nodiscard]] AskedVector without_vector() const;
  [[nodiscard]] AskedVector from_store(CallRecord record) const;
  void take(Batch& batch);
  void refuse(Batch batch, const Sent& sent);
  void keep(std::size_t text, std::int32_t status, const std::string& body, AskedVector asked);
  void check_dimension(std::size_t found) const;

  CallStore& store_;
  Sender& sender_;
  const net::Redactor& redact_;
  const BatchKind& kind_;
  std::uint64_t next_ = 0;

  // Of the ask() that runs.
  const Endpoint* endpoint_ = nullptr;
  std::int64_t dimension_ = 0;  ///< 0: any
  bool first_ = false;
  std::vector<std::string> texts_;  ///< distinct
  std::vector<Digest> keys_;
  std::vector<AskedVector> asked_;
  std::unordered_map<std::uint64_t, Batch> open_;
};

}  // namespace dream::calls
