#include "storage/service.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <thread>
#include <utility>

#include "base/errors.hpp"
#include "storage/checksum.hpp"
#include "storage/sign.hpp"
#include "storage/url.hpp"
#include "storage/xml.hpp"

namespace dream::storage {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

/// What the service means to be tried again; the rest of its refusals stays refused.
bool passes(int status, const std::string& code) {
  return status == 500 || status == 502 || status == 503 || status == 504 || status == 429 ||
         code == "RequestTimeout" || code == "InternalError" || code == "SlowDown";
}

bool is_expiry(const std::string& code) {
  return code == "ExpiredToken" || code == "ExpiredTokenException" || code == "TokenRefreshRequired";
}

/// Nobody is there: a mistake in the endpoint more likely than a pause of the service, so it is told soon.
int most_attempts(net::HttpFault fault, int wanted) {
  using net::HttpFault;
  if (fault == HttpFault::tls || fault == HttpFault::rubbish || fault == HttpFault::too_large) return 1;
  return fault == HttpFault::refused || fault == HttpFault::dns ? std::min(wanted, 4) : wanted;
}

/// The object itself is missing, changed or private: an answer for whoever asked.
bool is_answer(const Request& request, int status, const std::string& code) {
  if (request.key.empty() || code == "NoSuchBucket") return false;
  return status == 404 || status == 412 || status == 416 || (status == 403 && code == "AccessDenied");
}

std::string unquoted(std::string etag) {
  std::erase(etag, '"');
  return etag;
}

std::string kept(const std::map<std::string, std::string>& headers, const std::string& name) {
  const auto at = headers.find(name);
  return at == headers.end() ? "" : at->second;
}

}  // namespace

struct Service::Pending {
  Request request;
  int attempts = 0;
  bool renewed = false;     ///< sent again once with new keys
  Clock::time_point ready;  ///< when it may be sent again
  bool waits = false;
};

/// One call of exchange(): what is in flight and what waits for its next attempt.
class Service::Exchange {
 public:
  Exchange(Service& service, const Next& next, const Done& done, const Pulse& pulse)
      : service_(service), next_(next), done_(done), pulse_(pulse) {}

  ~Exchange() { service_.http_.cancel_all(); }
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  void run() {
    while (fill()) {
      pulse_();
      for (auto& result : service_.http_.poll(milliseconds(50))) take(std::move(result));
    }
  }

 private:
  /// Sends what may be sent; whether anything is left to wait for.
  bool fill() {
    const auto now = Clock::now();
    for (auto& [index, pending] : pending_) {
      if (has_room() && pending.waits && pending.ready <= now) send(index, pending);
    }
    while (has_room()) {
      auto request = next_();
      if (!request) break;
      auto& pending = pending_[count_];
      pending.request = std::move(*request);
      send(count_++, pending);
    }
    return !pending_.empty();
  }

  [[nodiscard]] bool has_room() const { return service_.http_.in_flight() < service_.settings_.in_flight; }

  void send(std::size_t index, Pending& pending) {
    const auto expires = service_.credentials_.expires;
    if (expires && *expires < std::chrono::system_clock::now() + std::chrono::minutes(2))
      service_.renew_credentials(pulse_);
    pending.waits = false;
    ++pending.attempts;
    service_.http_.submit(service_.http_request(pending.request), index);
  }

  void take(net::HttpResult result) {
    const auto at = pending_.find(result.tag);
    auto& pending = at->second;
    if (result.fault != net::HttpFault::none) return lost(at->first, pending, result);
    const bool fine = result.status >= 200 && result.status < 300;
    // A finished upload answers 200 before it knows that it will not fail.
    const bool hidden =
        fine && result.body.find("<Error>") != std::string::npos && pending.request.method == "POST";
    const auto error = fine && !hidden ? ServiceError{} : parse_error(result.body);
    if (passes(result.status, error.code)) return again(at->first, pending, result, error);
    if (is_expiry(error.code) && !pending.renewed && service_.credentials_.expires) {
      pending.renewed = true;
      service_.renew_credentials(pulse_);
      pending.waits = true;
      return;
    }
    if ((!fine || hidden) && !is_answer(pending.request, result.status, error.code)) {
      throw failure(pending, result.status,
                    fmt::format("{}: {}; {}", error.code.empty() ? "refused" : error.code,
                                error.message.empty() ? "the reply holds no message of S3" : error.message,
                                service_.remedy(pending.request, result.status, error.code, error.region)));
    }
    Reply reply{result.status, error.code, std::move(result.body), unquoted(kept(result.headers, "etag"))};
    const auto index = at->first;
    pending_.erase(at);
    done_(index, std::move(reply));
  }

  void lost(std::size_t index, Pending& pending, const net::HttpResult& result) {
    const int most = most_attempts(result.fault, pending.request.attempts);
    if (pending.attempts >= most) {
      throw failure(
          pending, 0,
          fmt::format("{}; check s3.endpoint = \"{}\"{}", result.fault_text, service_.settings_.endpoint,
                      result.fault == net::HttpFault::tls ? " and s3.ca_file" : ""));
    }
    wait(index, pending, {});
  }

  void again(std::size_t index, Pending& pending, const net::HttpResult& result, const ServiceError& error) {
    if (pending.attempts >= pending.request.attempts) {
      throw failure(pending, result.status,
                    fmt::format("{} {}; the service is overloaded or broken: the same command goes on later",
                                error.code, error.message));
    }
    wait(index, pending, result.retry_after);
  }

  void wait(std::size_t index, Pending& pending, std::optional<milliseconds> asked) {
    const auto noise = static_cast<std::uint64_t>(index) * 0x9e3779b97f4a7c15U;
    auto delay = pause(pending.attempts + 1, noise);
    if (asked) delay = std::max(delay, std::min(*asked, milliseconds(60'000)));
    pending.ready = Clock::now() + delay;
    pending.waits = true;
  }

  [[nodiscard]] EndpointError failure(const Pending& pending, int status, const std::string& what) const {
    const auto& request = pending.request;
    return {fmt::format("{} (at {})", Url{request.bucket, request.key}.text(), service_.settings_.endpoint),
            status, pending.attempts, service_.redact_(what)};
  }

  Service& service_;
  const Next& next_;
  const Done& done_;
  const Pulse& pulse_;
  std::map<std::size_t, Pending> pending_;
  std::size_t count_ = 0;
};

Service::Service(Settings settings, Credentials credentials)
    : settings_(std::move(settings)),
      endpoint_(endpoint_of(settings_)),
      credentials_(std::move(credentials)) {
  redact_.add(credentials_.secret_key);
  redact_.add(credentials_.session_token);
}

void Service::exchange(const Next& next, const Done& done, const Pulse& pulse) {
  Exchange(*this, next, done, pulse).run();
}

Reply Service::call(Request request, const Pulse& pulse) {
  std::optional<Request> one = std::move(request);
  Reply reply;
  exchange([&] { return std::exchange(one, std::nullopt); },
           [&](std::size_t, Reply got) { reply = std::move(got); }, pulse);
  return reply;
}

milliseconds Service::pause(int attempt, std::uint64_t noise) {
  const auto base = std::min<std::int64_t>(10'000, std::int64_t{200} << std::min(attempt - 2, 10));
  return milliseconds(base - base / 4 + static_cast<std::int64_t>(noise >> 32) % (base / 2 + 1));
}

net::HttpRequest Service::http_request(const Request& request) const {
  const bool by_path = settings_.addressing == Addressing::path;
  const auto host = by_path ? endpoint_.host : request.bucket + "." + endpoint_.host;
  auto path = endpoint_.path + (by_path ? "/" + request.bucket : "");
  if (!request.key.empty() || !by_path) path += "/" + percent_encode(request.key, true);
  SignedParts parts{request.method, path, canonical_query(request.query), request.headers,
                    hex(sha256(request.body))};
  const auto now = std::chrono::system_clock::now();
  net::HttpRequest http;
  if (!credentials_.access_key.empty()) {
    parts.headers["host"] = host;
    parts.headers["x-amz-date"] = amz_date(now);
    parts.headers["x-amz-content-sha256"] = parts.payload_hash;
    if (!credentials_.session_token.empty())
      parts.headers["x-amz-security-token"] = credentials_.session_token;
    http.headers.push_back("Authorization: " +
                           authorization(parts, {settings_.region, "s3", now}, credentials_));
  }
  for (const auto& [name, value] : parts.headers) {
    if (name != "host") http.headers.push_back(name + ": " + value);
  }
  if (!parts.headers.contains("content-type")) http.headers.emplace_back("Content-Type:");
  http.headers.emplace_back("Expect:");  // a server that does not know it costs a second for each request
  http.method = request.method;
  http.url = endpoint_.scheme + "://" + host + path + (parts.query.empty() ? "" : "?" + parts.query);
  http.body = request.body;
  http.total_timeout = settings_.timeout;
  http.ca_file = settings_.ca_file;
  http.path_as_is = true;
  http.bulk = true;
  http.keep_headers = {"etag"};
  return http;
}

std::string Service::remedy(const Request& request, int status, const std::string& code,
                            const std::string& region) const {
  const auto keys = fmt::format("the keys are those of {}", credentials_.origin);
  if (code == "NoSuchBucket" || (status == 404 && request.key.empty()))
    return fmt::format("there is no bucket \"{}\" at {}: check its name and s3.endpoint", request.bucket,
                       settings_.endpoint);
  if (is_expiry(code) || code == "InvalidToken")
    return "the session token has expired; " + keys + ": fetch new ones and start again";
  if (code == "RequestTimeTooSkewed") return "the clock of this host is wrong: set it";
  if (code == "InvalidAccessKeyId" || code == "SignatureDoesNotMatch" || status == 401)
    return keys + ": check both of them and s3.region";
  if (!region.empty() && region != settings_.region)
    return fmt::format("the bucket is in another region: set s3.region = \"{}\"", region);
  if (status == 301 || status == 307 || status == 308)
    return "the bucket is in another region or at another endpoint: set s3.region and s3.endpoint";
  if (status == 403)
    return fmt::format("{}, and they may not {} here: ask the bucket's owner, or use other ones", keys,
                       request.method == "GET" ? "read" : "write");
  return "check s3.endpoint, s3.region and s3.addressing";
}

void Service::renew_credentials(const Pulse& pulse) {
  credentials_ = find_credentials(settings_, pulse);
  redact_.add(credentials_.secret_key);
  redact_.add(credentials_.session_token);
}

}  // namespace dream::storage
