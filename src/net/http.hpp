#pragma once
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/pulse.hpp"

namespace dream::net {

struct HttpRequest {
  std::string method = "GET";  ///< GET, HEAD, POST, PUT, DELETE
  std::string url;  ///< http or https; redirects are not followed: only endpoints of the config are spoken to
  std::vector<std::string> headers;  ///< "Name: value"
  std::string body;
  std::chrono::milliseconds connect_timeout{10'000};
  std::chrono::milliseconds first_byte_timeout{
      0};  ///< from the start to the reply's first byte; 0: only total_timeout
  std::chrono::milliseconds total_timeout{120'000};
  std::int64_t max_reply_bytes = std::int64_t{64} << 20;
  std::string ca_file;      ///< PEM file of trusted authorities; empty: those of the system
  std::string proxy;        ///< empty: as the environment says
  bool path_as_is = false;  ///< "/a/../b" is sent like that: names of objects are no paths
  bool fresh = false;  ///< on a connection of its own: on one that was used before, libcurl may send it twice
  bool bulk = false;   ///< a long reply: larger buffers
  std::vector<std::string> keep_headers;  ///< of the reply, names in lower case
};

/// Why there is no whole reply.
enum class HttpFault {
  none,
  refused,    ///< nobody listens there, or no way to it
  dns,        ///< the host's name has no address
  timeout,    ///< one of the timeouts passed
  tls,        ///< no trusted, encrypted connection
  truncated,  ///< the connection ended inside the reply
  reset,      ///< the connection ended before the reply
  too_large,  ///< the reply is longer than max_reply_bytes
  rubbish,    ///< not HTTP
  other
};
[[nodiscard]] std::string_view to_text(HttpFault fault);

/// What came back: a reply of any status (fault is none), or a fault. Failures are values here; whoever knows
/// what was asked decides what they mean.
struct HttpResult {
  std::uint64_t tag = 0;
  int status = 0;  ///< 0 when no status line came
  HttpFault fault = HttpFault::none;
  std::string fault_text;  ///< one sentence of the library about the fault; names host and port, no header
  std::string body;
  std::string content_type;  ///< lower case, without parameters: "application/json"
  std::optional<std::chrono::milliseconds> retry_after;  ///< from now; seconds and dates are understood
  std::map<std::string, std::string> rate_limits;        ///< headers "x-ratelimit-...", names in lower case
  std::map<std::string, std::string> headers;            ///< those of keep_headers that came
  std::chrono::microseconds elapsed{0};                  ///< from the start of the transfer to its end
  std::chrono::microseconds first_byte{0};  ///< from the start to the body's first byte; 0: none came
};

/// Many HTTP(S) transfers at once on the calling thread: keep-alive, HTTP/1.1 and (over TLS) HTTP/2. A proxy
/// is used only when the request or the usual environment variables (https_proxy, no_proxy, ...) say so. One
/// object belongs to one thread.
class HttpClient {
 public:
  HttpClient();
  ~HttpClient();  ///< drops what is in flight
  HttpClient(HttpClient&&) noexcept;
  HttpClient& operator=(HttpClient&&) noexcept;

  /// Starts a transfer; does not wait. `tag` comes back with its result. Throws InternalError for a request
  /// that cannot be expressed (a line break in a header).
  void submit(HttpRequest request, std::uint64_t tag);

  /// Moves all transfers on and returns those that ended since the last call. When none has, waits until some
  /// transfer moves, at most `bound`; so the list may be empty before the bound has passed. With nothing in
  /// flight it sleeps.
  [[nodiscard]] std::vector<HttpResult> poll(std::chrono::milliseconds bound);

  /// Transfers submitted and not yet returned by poll().
  [[nodiscard]] std::int64_t in_flight() const;

  /// Drops all transfers; their results never come.
  void cancel_all();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// One request on a connection of its own, waited for.
[[nodiscard]] HttpResult fetch(HttpRequest request, const Pulse& pulse);

}  // namespace dream::net
