#include "storage/web.hpp"

#include <fmt/format.h>

#include <chrono>
#include <map>
#include <vector>

#include "net/http.hpp"

namespace dream::storage {
namespace {

constexpr int most_attempts = 3;
constexpr int most_redirections = 5;

struct Visit {
  std::string url;
  int attempts = 0;
  int redirections = 0;
};

/// Where a reply sends its reader; "" when nowhere that can be followed.
std::string redirection(const Visit& visit, const net::HttpResult& result) {
  const auto at = result.headers.find("location");
  if (result.status < 301 || result.status > 308 || at == result.headers.end()) return "";
  const auto& to = at->second;
  if (to.starts_with("https://") || to.starts_with("http://")) return to;
  const auto scheme = visit.url.find("://");
  if (to.starts_with("//")) return visit.url.substr(0, scheme + 1) + to;
  if (to.starts_with("/")) return visit.url.substr(0, visit.url.find('/', scheme + 3)) + to;
  return visit.url.substr(0, visit.url.find_last_of('/') + 1) + to;
}

net::HttpRequest request_for(const std::string& url, const WebOptions& options) {
  net::HttpRequest request;
  request.url = url;
  request.ca_file = options.ca_file;
  request.max_reply_bytes = options.max_bytes;
  request.total_timeout = std::chrono::minutes(10);
  request.first_byte_timeout = std::chrono::minutes(1);
  request.bulk = true;
  request.keep_headers = {"location"};
  return request;
}

}  // namespace

void fetch_web(
    std::span<const std::string> urls, const WebOptions& options,
    const std::function<void(std::size_t index, std::string bytes, const std::string& problem)>& done,
    const Pulse& pulse) {
  net::HttpClient client;
  std::map<std::size_t, Visit> visits;
  std::size_t next = 0;
  const auto send = [&](std::size_t index) { client.submit(request_for(visits[index].url, options), index); };
  while (next < urls.size() || !visits.empty()) {
    for (; next < urls.size() && client.in_flight() < options.in_flight; ++next) {
      visits[next].url = urls[next];
      send(next);
    }
    pulse();
    for (auto& result : client.poll(std::chrono::milliseconds(100))) {
      auto& visit = visits[result.tag];
      if (auto to = redirection(visit, result); !to.empty() && ++visit.redirections <= most_redirections) {
        visit.url = std::move(to);
        send(result.tag);
        continue;
      }
      const bool failed = result.fault != net::HttpFault::none || result.status != 200;
      const bool may_pass =
          result.fault != net::HttpFault::none || result.status >= 500 || result.status == 429;
      if (failed && may_pass && result.fault != net::HttpFault::too_large &&
          ++visit.attempts < most_attempts) {
        send(result.tag);
        continue;
      }
      const auto index = static_cast<std::size_t>(result.tag);
      visits.erase(index);
      if (failed && result.fault == net::HttpFault::none)
        result.fault_text = fmt::format("status {}", result.status);
      done(index, failed ? "" : std::move(result.body), failed ? result.fault_text : "");
    }
  }
}

}  // namespace dream::storage
