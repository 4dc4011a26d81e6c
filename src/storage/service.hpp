#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/pulse.hpp"
#include "net/http.hpp"
#include "net/redact.hpp"
#include "storage/credentials.hpp"
#include "storage/settings.hpp"

namespace dream::storage {

/// A request to the service. Bodies are small enough to hold: long objects go in parts.
struct Request {
  std::string method = "GET";
  std::string bucket;
  std::string key;                             ///< plain text; empty: the bucket itself
  std::map<std::string, std::string> query;    ///< plain text
  std::map<std::string, std::string> headers;  ///< names in lower case
  std::string body;
  int attempts = 8;  ///< at most, the first one included
};

/// A reply that is no failure of the service: 2xx, or the object is not as expected (403 AccessDenied, 404,
/// 412, 416).
struct Reply {
  int status = 0;
  std::string code;  ///< of an error, e.g. "NoSuchKey"
  std::string body;
  std::string etag;  ///< without quotes

  [[nodiscard]] bool ok() const { return status >= 200 && status < 300; }
};

/// Speaks S3: addresses and signs requests, sends some at a time, and sends again with growing pauses what
/// the service (500, 502, 503, 504, 429), the network or a lost connection failed. One object belongs to one
/// thread.
class Service {
 public:
  /// `settings`: resolved. Keys that expire are looked for again.
  Service(Settings settings, Credentials credentials);

  /// The next request to send, or nothing (for now, while others are in flight).
  using Next = std::function<std::optional<Request>()>;
  /// Takes the reply of the request that Next gave as number `index`, from 0. In any order.
  using Done = std::function<void(std::size_t index, Reply reply)>;

  /// Sends requests until `next` gives none and none is in flight. Throws EndpointError, whose message names
  /// the address, bucket and remedy, as soon as one has failed for good; the others are dropped.
  void exchange(const Next& next, const Done& done, const Pulse& pulse);

  /// One request.
  [[nodiscard]] Reply call(Request request, const Pulse& pulse);

  [[nodiscard]] const Settings& settings() const { return settings_; }

  /// The pause before attempt `attempt` (2, 3, ...): it doubles from 200 ms to 10 s; `noise` spreads it over
  /// a quarter.
  [[nodiscard]] static std::chrono::milliseconds pause(int attempt, std::uint64_t noise);

 private:
  struct Pending;
  class Exchange;
  [[nodiscard]] net::HttpRequest http_request(const Request& request) const;
  [[nodiscard]] std::string remedy(const Request& request, int status, const std::string& code,
                                   const std::string& region) const;
  void renew_credentials(const Pulse& pulse);

  Settings settings_;
  Endpoint endpoint_;
  Credentials credentials_;
  net::Redactor redact_;
  net::HttpClient http_;
};

}  // namespace dream::storage
