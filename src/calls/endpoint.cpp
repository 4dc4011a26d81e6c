#include "calls/endpoint.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/errors.hpp"
#include "calls/chat.hpp"

namespace dream::calls {
namespace {

using std::chrono::milliseconds;

std::string_view without_slashes(std::string_view url) {
  while (!url.empty() && url.back() == '/') url.remove_suffix(1);
  return url;
}

/// Throws ConfigError unless it is scheme://host[:port][/path]. The value itself may hold a password, so the message
/// shows it only when it does not.
void check_url(const std::string& key, std::string_view url) {
  const auto scheme = url.find("://");
  const auto name = url.substr(0, scheme == std::string_view::npos ? 0 : scheme);
  const auto rest = scheme == std::string_view::npos ? std::string_view() : url.substr(scheme + 3);
  const auto host = rest.substr(0, rest.find('/'));
  if (url.find('@') != std::string_view::npos) {
    throw ConfigError(key + ": holds a user name or a password; write the address alone, and the key as api_key");
  }
  if ((name != "http" && name != "https") || host.empty() || url.find_first_of("?# \t\r\n") != std::string_view::npos) {
    throw ConfigError(fmt::format("{}: \"{}\" is no address like \"http://host:8000/v1\"", key, url));
  }
}

std::string status_remedy(const Endpoint& endpoint, int status) {
  switch (status) {
    case 401:
    case 403:
      return endpoint.api_key.value.empty()
                 ? fmt::format("give models.{}.api_key", endpoint.name)
                 : fmt::format("check models.{}.api_key (from {})", endpoint.name, endpoint.api_key.origin);
    case 402:
    case 429: return "the account behind the key has no credit left";
    case 404:
    case 405:
    case 410:
      return fmt::format("check models.{}.base_url (most end in /v1) and model \"{}\"", endpoint.name, endpoint.model);
    case 407: return "the proxy of the environment wants a login; check https_proxy and no_proxy";
    default: break;
  }
  if (status >= 300 && status < 400) {
    return fmt::format("it redirects, which is not followed; write its final address as models.{}.base_url",
                       endpoint.name);
  }
  if (status >= 500) return "look at the server's log, then start again: the same command continues";
  return fmt::format("check that models.{}.base_url is an OpenAI-compatible interface", endpoint.name);
}

std::string fault_remedy(const Endpoint& endpoint, net::HttpFault fault) {
  switch (fault) {
    case net::HttpFault::tls:
      return fmt::format("check the server's certificate, or give its authority as models.{}.ca_file", endpoint.name);
    case net::HttpFault::rubbish:
      return fmt::format("nothing there speaks HTTP; check models.{}.base_url and its port", endpoint.name);
    default:
      return fmt::format("check that the server runs and models.{}.base_url leads to it from here", endpoint.name);
  }
}

void wait(milliseconds time, const Pulse& pulse) {
  const auto end = std::chrono::steady_clock::now() + time;
  while (std::chrono::steady_clock::now() < end) {
    pulse();
    std::this_thread::sleep_for(milliseconds(20));
  }
}

/// A probe, repeated a little where that may help.
net::HttpResult probe(const net::HttpRequest& request, int& attempts, const Pulse& pulse) {
  constexpr int most = 3;
  for (attempts = 1;; ++attempts) {
    auto result = net::fetch(request, pulse);
    const bool passing = result.fault == net::HttpFault::timeout || result.fault == net::HttpFault::reset ||
                         result.fault == net::HttpFault::truncated || result.status >= 500;
    if (!passing || attempts == most) return result;
    wait(milliseconds(300 * attempts), pulse);
  }
}

std::vector<std::string> model_names(const nlohmann::json& reply) {
  std::vector<std::string> names;
  const auto data = reply.find("data");
  if (data == reply.end() || !data->is_array()) return names;
  for (const auto& model : *data) {
    if (model.is_object() && model.contains("id") && model["id"].is_string()) names.push_back(model["id"]);
  }
  return names;
}

}  // namespace

ComponentInfo openai_kind() {
  return {"openai",
          "a model behind an OpenAI-compatible HTTP interface (vLLM, llama.cpp, Ollama, a gateway)",
          {
              {"base_url", std::string(), "address up to and without /chat/completions; most end in /v1", {}, {}, true},
              {"model", std::string(), "the model's name at the endpoint", {}, {}, true},
              {"revision", std::string(), "declared version of the model; another one asks everything again"},
              {"temperature", 0.1, "0: the likeliest words", 0.0, 2.0},
              {"max_tokens", std::int64_t{512}, "longest answer, tokens", 1.0, 1e6},
              {"timeout_s", 120.0, "longest wait for one reply, seconds", 0.1, 86400.0},
              {"attempts", std::int64_t{5}, "how often a call is tried before its row waits for the next run", 1.0, 100.0},
              {"limits.in_flight", std::int64_t{16}, "calls open at once, all ranks together", 1.0, 1e6},
              {"price.input", 0.0, "USD per million tokens sent", 0.0, 1e6},
              {"price.output", 0.0, "USD per million tokens received", 0.0, 1e6},
              {"ca_file", std::string(), "PEM file of the authorities to trust; empty: the system's"},
          }};
}

Endpoint endpoint_of(const config::Model& model) {
  const auto& params = model.params;
  const auto& url = params.get<std::string>("base_url");
  const auto key = "models." + model.name;
  check_url(key + ".base_url", url);
  const auto& secret = model.api_key.value;
  if (std::any_of(secret.begin(), secret.end(), [](unsigned char c) { return c <= 0x20 || c == 0x7f; })) {
    throw ConfigError(fmt::format("{}.api_key (from {}): holds a blank or a control character; remove it", key,
                                  model.api_key.origin));
  }
  Endpoint endpoint;
  endpoint.name = model.name;
  endpoint.base_url = without_slashes(url);
  endpoint.model = params.get<std::string>("model");
  endpoint.revision = params.get<std::string>("revision");
  endpoint.temperature = params.get<double>("temperature");
  endpoint.max_tokens = params.get<std::int64_t>("max_tokens");
  endpoint.timeout_s = params.get<double>("timeout_s");
  endpoint.attempts = params.get<std::int64_t>("attempts");
  endpoint.in_flight = params.get<std::int64_t>("limits.in_flight");
  endpoint.price_input = params.get<double>("price.input");
  endpoint.price_output = params.get<double>("price.output");
  endpoint.ca_file = params.get<std::string>("ca_file");
  endpoint.api_key = model.api_key;
  return endpoint;
}

std::int64_t share_of(std::int64_t total, int rank, int ranks) { return total / ranks + (rank < total % ranks ? 1 : 0); }

net::HttpRequest request_to(const Endpoint& endpoint, std::string_view method, std::string_view path) {
  net::HttpRequest request;
  request.method = method;
  request.url = endpoint.base_url + std::string(path);
  request.headers = {"Accept: application/json"};
  if (method == "POST") {
    request.headers.emplace_back("Content-Type: application/json");
    request.headers.emplace_back("Expect:");  // long prompts must not wait a second for "100 Continue"
  }
  if (!endpoint.api_key.value.empty()) request.headers.push_back("Authorization: Bearer " + endpoint.api_key.value);
  request.total_timeout = milliseconds(std::max<std::int64_t>(1, static_cast<std::int64_t>(endpoint.timeout_s * 1e3)));
  request.connect_timeout = std::min(request.connect_timeout, request.total_timeout);
  request.ca_file = endpoint.ca_file;
  return request;
}

EndpointError endpoint_error(const Endpoint& endpoint, std::string_view path, const net::HttpResult& result,
                             std::int64_t attempts, const net::Redactor& redact) {
  constexpr std::size_t most_body = 1 << 20;
  std::string what;
  if (result.fault != net::HttpFault::none) {
    what = fmt::format("{} ({}); {}", net::to_text(result.fault), redact(result.fault_text),
                       fault_remedy(endpoint, result.fault));
  } else {
    // Redacted before it is shortened: half a secret would no longer be recognised.
    const auto words = server_message(redact(std::string_view(result.body).substr(0, most_body)));
    what = fmt::format("\"{}\"; {}", words, status_remedy(endpoint, result.status));
  }
  return {redact(endpoint.base_url + std::string(path)), result.status, static_cast<int>(attempts), what};
}

EndpointState check_endpoint(const Endpoint& endpoint, const net::Redactor& redact, const Pulse& pulse) {
  constexpr std::string_view list_path = "/models";
  constexpr std::string_view chat_path = "/chat/completions";
  int attempts = 0;
  auto request = request_to(endpoint, "GET", list_path);
  request.total_timeout = std::min(request.total_timeout, milliseconds(30'000));
  request.max_reply_bytes = 16 << 20;
  const auto listed = probe(request, attempts, pulse);
  if (listed.fault != net::HttpFault::none) throw endpoint_error(endpoint, list_path, listed, attempts, redact);
  if (listed.status == 200) {
    const auto reply = nlohmann::json::parse(listed.body, nullptr, false);
    if (!reply.is_object()) throw endpoint_error(endpoint, list_path, listed, attempts, redact);
    return {model_names(reply)};
  }
  if (listed.status == 429) return {};
  if (listed.status != 404 && listed.status != 405 && listed.status != 501) {
    throw endpoint_error(endpoint, list_path, listed, attempts, redact);
  }
  // Some gateways list no models. An empty request costs nothing, and only the right address finds fault with it.
  auto empty = request_to(endpoint, "POST", chat_path);
  empty.total_timeout = request.total_timeout;
  empty.body = "{}";
  const auto chat = probe(empty, attempts, pulse);
  const bool there = chat.fault == net::HttpFault::none && (chat.status == 400 || chat.status == 422 || chat.status == 429);
  if (!there) throw endpoint_error(endpoint, chat_path, chat, attempts, redact);
  return {};
}

}  // namespace dream::calls
