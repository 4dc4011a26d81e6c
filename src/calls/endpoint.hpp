#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "base/errors.hpp"
#include "base/params.hpp"
#include "base/pulse.hpp"
#include "config/config.hpp"
#include "net/http.hpp"
#include "net/redact.hpp"

/// A model behind an OpenAI-compatible HTTP interface: what the config says of it, and whether it answers at
/// all.
namespace dream::calls {

/// Values of a model of kind "openai". Plain data. The limits (in_flight and those per minute) are those of
/// all ranks until limit_to() makes them this rank's.
struct Endpoint {
  std::string name;      ///< in the config
  std::string base_url;  ///< without a slash at the end: "http://host:8000/v1"
  std::string model;     ///< as the endpoint calls it
  std::string revision;  ///< declared by the user; another one asks everything again
  double temperature = 0.1;
  std::int64_t max_tokens = 512;
  std::int64_t dimensions = 0;  ///< of its vectors, asked for and checked; 0: the model's own
  std::string query_prefix;
  std::string passage_prefix;
  std::int64_t batch_texts = 64;  ///< of one request for vectors
  std::int64_t batch_tokens = 16384;
  bool base64 = true;
  std::string rerank_as = "jina";  ///< shape of a request for reranking: jina | tei
  bool stream = false;  ///< ask for answers in pieces
  double timeout_s = 120;
  double connect_timeout_s = 10;
  double first_byte_timeout_s = 0;  ///< 0: only timeout_s
  std::int64_t attempts = 5;
  std::int64_t in_flight = 16;     ///< at most
  bool adaptive = false;           ///< starts with few, and finds by itself how many are good
  double requests_per_minute = 0;  ///< 0: no limit
  double tokens_per_minute = 0;
  double price_input = 0;  ///< USD per million tokens
  double price_output = 0;
  std::string ca_file;
  std::string proxy;         ///< empty: as the environment says
  std::string organization;  ///< header OpenAI-Organization
  config::Secret api_key;
};

/// The row "openai" of the table of models.
[[nodiscard]] ComponentInfo openai_kind();

/// The values of a config's model. Throws ConfigError for a base_url that is no http(s) address or carries a
/// password, and for a key that cannot stand in a header.
[[nodiscard]] Endpoint endpoint_of(const config::Model& model);

/// Rank `rank`'s part of a limit that all ranks share: parts differ by at most one and add up to `total`, so
/// some are 0 when there are fewer than ranks.
[[nodiscard]] std::int64_t share_of(std::int64_t total, int rank, int ranks);

/// The endpoint as one of `ranks` ranks may use it: its limits are that rank's part.
[[nodiscard]] Endpoint limit_to(Endpoint endpoint, int rank, int ranks);

/// A request to `path` ("/models") of an endpoint, with its key, timeouts and CA file.
[[nodiscard]] net::HttpRequest request_to(const Endpoint& endpoint, std::string_view method,
                                          std::string_view path);

/// Whether an address means whoever asks: localhost, 127.*, ::1, 0.0.0.0.
[[nodiscard]] bool is_this_host(std::string_view url);

struct EndpointState {
  std::vector<std::string> models;  ///< what the endpoint says it serves; empty when it does not say
};

/// Asks the endpoint whether it is there, and has the model, without any cost: GET /models, and where that
/// does not name the model an empty request to `path` (of chat or embeddings). Throws EndpointError, which
/// names URL, status, the server's own words and a remedy.
[[nodiscard]] EndpointState check_endpoint(const Endpoint& endpoint, std::string_view path,
                                           const net::Redactor& redact, const Pulse& pulse);

/// The error for a result after which nothing can succeed. `attempts`: how often it was tried.
[[nodiscard]] EndpointError endpoint_error(const Endpoint& endpoint, std::string_view path,
                                           const net::HttpResult& result, std::int64_t attempts,
                                           const net::Redactor& redact);

}  // namespace dream::calls
