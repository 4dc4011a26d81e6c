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

/// A model behind an OpenAI-compatible HTTP interface: what the config says of it, and whether it answers at all.
namespace dream::calls {

/// Values of a model of kind "openai". Plain data; `in_flight` is what this rank may have open at once.
struct Endpoint {
  std::string name;      ///< in the config
  std::string base_url;  ///< without a slash at the end: "http://host:8000/v1"
  std::string model;     ///< as the endpoint calls it
  std::string revision;  ///< declared by the user; another one asks everything again
  double temperature = 0.1;
  std::int64_t max_tokens = 512;
  double timeout_s = 120;
  std::int64_t attempts = 5;
  std::int64_t in_flight = 16;
  double price_input = 0;   ///< USD per million tokens
  double price_output = 0;
  std::string ca_file;
  config::Secret api_key;
};

/// The row "openai" of the table of models.
[[nodiscard]] ComponentInfo openai_kind();

/// The values of a config's model. Throws ConfigError for a base_url that is no http(s) address or carries a password,
/// and for a key that cannot stand in a header.
[[nodiscard]] Endpoint endpoint_of(const config::Model& model);

/// Rank `rank`'s part of a limit that all ranks share: parts differ by at most one and add up to `total`, so some are 0
/// when there are fewer than ranks.
[[nodiscard]] std::int64_t share_of(std::int64_t total, int rank, int ranks);

/// A request to `path` ("/models") of an endpoint, with its key, timeouts and CA file.
[[nodiscard]] net::HttpRequest request_to(const Endpoint& endpoint, std::string_view method, std::string_view path);

struct EndpointState {
  std::vector<std::string> models;  ///< what the endpoint says it serves; empty when it does not say
};

/// Asks the endpoint whether it is there, without any cost: GET /models, and where that does not exist an empty request
/// for a completion. Throws EndpointError, which names URL, status, the server's own words and a remedy.
[[nodiscard]] EndpointState check_endpoint(const Endpoint& endpoint, const net::Redactor& redact, const Pulse& pulse);

/// The error for a result after which nothing can succeed. `attempts`: how often it was tried.
[[nodiscard]] EndpointError endpoint_error(const Endpoint& endpoint, std::string_view path,
                                           const net::HttpResult& result, std::int64_t attempts,
                                           const net::Redactor& redact);

}  // namespace dream::calls
