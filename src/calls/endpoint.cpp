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

constexpr std::int64_t most_adaptive = 1024;

milliseconds time_of(double seconds) {
  return milliseconds(std::max<std::int64_t>(1, static_cast<std::int64_t>(seconds * 1e3)));
}

std::string_view without_slashes(std::string_view url) {
  while (!url.empty() && url.back() == '/') url.remove_suffix(1);
  return url;
}

/// Throws ConfigError unless it is scheme://host[:port][/path]. The value itself may hold a password, so the
/// message shows it only when it does not.
void check_url(const std::string& key, std::string_view url) {
  const auto scheme = url.find("://");
  const auto name = url.substr(0, scheme == std::string_view::npos ? 0 : scheme);
  const auto rest = scheme == std::string_view::npos ? std::string_view() : url.substr(scheme + 3);
  const auto host = rest.substr(0, rest.find('/'));
  if (url.find('@') != std::string_view::npos) {
    throw ConfigError(key +
                      ": holds a user name or a password; write the address alone, and the key as api_key");
  }
  if ((name != "http" && name != "https") || host.empty() ||
      url.find_first_of("?# \t\r\n") != std::string_view::npos) {
    throw ConfigError(fmt::format("{}: \"{}\" is no address like \"http://host:8000/v1\"", key, url));
  }
}

/// Throws ConfigError for a value that cannot stand in a header.
void check_header(const std::string& key, std::string_view value) {
  if (std::any_of(value.begin(), value.end(), [](unsigned char c) { return c <= 0x20 || c == 0x7f; })) {
    throw ConfigError(key + ": holds a blank or a control character; remove it");
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
    case 429:
      return "the account behind the key has no credit left";
    case 404:
    case 405:
    case 410:
      return fmt::format("check models.{}.base_url (most end in /v1) and model \"{}\"", endpoint.name,
                         endpoint.model);
    case 407:
      return "the proxy of the environment wants a login; check https_proxy and no_proxy";
    default:
      break;
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
      return fmt::format("check the server's certificate, or give its authority as models.{}.ca_file",
                         endpoint.name);
    case net::HttpFault::rubbish:
      return fmt::format("nothing there speaks HTTP; check models.{}.base_url and its port", endpoint.name);
    default:
      return fmt::format("check that the server runs and models.{}.base_url leads to it from here",
                         endpoint.name);
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
  return {
      "openai",
      "a model behind an OpenAI-compatible HTTP interface (vLLM, llama.cpp, Ollama, a gateway)",
      {
          {"base_url",
           std::string(),
           "address up to and without /chat/completions; most end in /v1",
           {},
           {},
           true},
          {"model", std::string(), "the model's name at the endpoint", {}, {}, true},
          {"revision", std::string(), "declared version of the model; another one asks everything again"},
          {"temperature", 0.1, "0: the likeliest words", 0.0, 2.0},
          {"max_tokens", std::int64_t{512}, "longest answer, tokens", 1.0, 1e6},
          {"dimensions", std::int64_t{0},
           "as an embedder: length of a vector, asked for and checked; 0: the model's own", 0.0, 65536.0},
          {"query_prefix", std::string(), "as an embedder: put before each question"},
          {"passage_prefix", std::string(), "as an embedder: put before each passage"},
          {"batch.texts", std::int64_t{64}, "as an embedder or a reranker: texts of one request", 1.0,
           4096.0},
          {"batch.tokens", std::int64_t{16384},
           "as an embedder or a reranker: tokens of one request, four bytes taken as one", 1.0, 1e7},
          {"base64", true,
           "as an embedder: ask for vectors in base64, which is exact and a third of the size"},
          {"rerank_as", std::string("jina"),
           "as a reranker, the shape of a request: jina (also Cohere's and vLLM's), or tei (Text Embeddings "
           "Inference)"},
          {"stream", false,
           "as a language model: ask for replies in pieces, and count when the first one comes"},
          {"timeout_s", 120.0, "longest wait for one reply, seconds", 0.1, 86400.0},
          {"connect_timeout_s", 10.0, "longest wait for a connection, seconds", 0.1, 86400.0},
          {"first_byte_timeout_s", 0.0, "longest wait for a reply's first byte, seconds; 0: only timeout_s",
           0.0, 86400.0},
          {"attempts", std::int64_t{5}, "how often a call is tried before its row waits for the next run",
           1.0, 100.0},
          {"limits.in_flight", std::int64_t{0},
           "calls open at once, all ranks together; 0: as many as prove good", 0.0, 1e6},
          {"limits.requests_per_minute", 0.0, "all ranks together; 0: no limit", 0.0, 1e9},
          {"limits.tokens_per_minute", 0.0, "tokens sent and received, all ranks together; 0: no limit", 0.0,
           1e12},
          {"price.input", 0.0, "USD per million tokens sent", 0.0, 1e6},
          {"price.output", 0.0, "USD per million tokens received", 0.0, 1e6},
          {"ca_file", std::string(), "PEM file of the authorities to trust; empty: the system's"},
          {"proxy", std::string(),
           "address of an HTTP proxy; empty: as the environment says (https_proxy, no_proxy)"},
          {"organization", std::string(), "sent as OpenAI-Organization"},
      }};
}

Endpoint endpoint_of(const config::Model& model) {
  const auto& params = model.params;
  const auto& url = params.get<std::string>("base_url");
  const auto key = "models." + model.name;
  check_url(key + ".base_url", url);
  check_header(fmt::format("{}.api_key (from {})", key, model.api_key.origin), model.api_key.value);
  Endpoint endpoint;
  endpoint.name = model.name;
  endpoint.base_url = without_slashes(url);
  endpoint.model = params.get<std::string>("model");
  endpoint.revision = params.get<std::string>("revision");
  endpoint.temperature = params.get<double>("temperature");
  endpoint.max_tokens = params.get<std::int64_t>("max_tokens");
  endpoint.dimensions = params.get<std::int64_t>("dimensions");
  endpoint.query_prefix = params.get<std::string>("query_prefix");
  endpoint.passage_prefix = params.get<std::string>("passage_prefix");
  endpoint.batch_texts = params.get<std::int64_t>("batch.texts");
  endpoint.batch_tokens = params.get<std::int64_t>("batch.tokens");
  endpoint.base64 = params.get<bool>("base64");
  endpoint.stream = params.get<bool>("stream");
  endpoint.timeout_s = params.get<double>("timeout_s");
  endpoint.attempts = params.get<std::int64_t>("attempts");
  endpoint.connect_timeout_s = params.get<double>("connect_timeout_s");
  endpoint.first_byte_timeout_s = params.get<double>("first_byte_timeout_s");
  endpoint.in_flight = params.get<std::int64_t>("limits.in_flight");
  endpoint.adaptive = endpoint.in_flight == 0;
  if (endpoint.adaptive) endpoint.in_flight = most_adaptive;
  endpoint.requests_per_minute = params.get<double>("limits.requests_per_minute");
  endpoint.tokens_per_minute = params.get<double>("limits.tokens_per_minute");
  endpoint.price_input = params.get<double>("price.input");
  endpoint.price_output = params.get<double>("price.output");
  endpoint.ca_file = params.get<std::string>("ca_file");
  endpoint.proxy = params.get<std::string>("proxy");
  endpoint.organization = params.get<std::string>("organization");
  if (!endpoint.proxy.empty()) check_url(key + ".proxy", endpoint.proxy);
  check_header(key + ".organization", endpoint.organization);
  endpoint.rerank_as = params.get<std::string>("rerank_as");
  if (endpoint.rerank_as != "jina" && endpoint.rerank_as != "tei") {
    throw ConfigError(
        fmt::format("{}.rerank_as = \"{}\" is unknown; write \"jina\" or \"tei\"", key, endpoint.rerank_as));
  }
  endpoint.api_key = model.api_key;
  return endpoint;
}

std::int64_t share_of(std::int64_t total, int rank, int ranks) {
  return total / ranks + (rank < total % ranks ? 1 : 0);
}

Endpoint limit_to(Endpoint endpoint, int rank, int ranks) {
  endpoint.in_flight = share_of(endpoint.in_flight, rank, ranks);
  endpoint.requests_per_minute /= ranks;
  endpoint.tokens_per_minute /= ranks;
  return endpoint;
}

net::HttpRequest request_to(const Endpoint& endpoint, std::string_view method, std::string_view path) {
  net::HttpRequest request;
  request.method = method;
  request.url = endpoint.base_url + std::string(path);
  request.headers = {"Accept: application/json"};
  if (method == "POST") {
    request.headers.emplace_back("Content-Type: application/json");
    request.headers.emplace_back("Expect:");  // long prompts must not wait a second for "100 Continue"
  }
  if (!endpoint.api_key.value.empty())
    request.headers.push_back("Authorization: Bearer " + endpoint.api_key.value);
  if (!endpoint.organization.empty())
    request.headers.push_back("OpenAI-Organization: " + endpoint.organization);
  request.total_timeout = time_of(endpoint.timeout_s);
  request.connect_timeout = std::min(time_of(endpoint.connect_timeout_s), request.total_timeout);
  if (endpoint.first_byte_timeout_s > 0) request.first_byte_timeout = time_of(endpoint.first_byte_timeout_s);
  request.ca_file = endpoint.ca_file;
  request.proxy = endpoint.proxy;
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

bool is_this_host(std::string_view url) {
  auto host = url.substr(std::min(url.size(), url.find("://") + 3));
  host = host.substr(0, host.find('/'));
  host = host.starts_with('[') ? host.substr(1, host.find(']') - 1) : host.substr(0, host.find(':'));
  return host == "localhost" || host.ends_with(".localhost") || host.starts_with("127.") || host == "::1" ||
         host == "0.0.0.0";
}

EndpointState check_endpoint(const Endpoint& endpoint, std::string_view path, const net::Redactor& redact,
                             const Pulse& pulse) {
  constexpr std::string_view list_path = "/models";
  int attempts = 0;
  auto request = request_to(endpoint, "GET", list_path);
  request.total_timeout = std::min(request.total_timeout, milliseconds(30'000));
  request.max_reply_bytes = 16 << 20;
  const auto listed = probe(request, attempts, pulse);
  if (listed.fault != net::HttpFault::none)
    throw endpoint_error(endpoint, list_path, listed, attempts, redact);
  EndpointState state;
  if (listed.status == 200) {
    const auto reply = nlohmann::json::parse(listed.body, nullptr, false);
    if (!reply.is_object()) throw endpoint_error(endpoint, list_path, listed, attempts, redact);
    state.models = model_names(reply);
    if (state.models.empty() || std::ranges::find(state.models, endpoint.model) != state.models.end())
      return state;
  } else if (listed.status == 429) {
    return state;
  } else if (listed.status != 404 && listed.status != 405 && listed.status != 501) {
    throw endpoint_error(endpoint, list_path, listed, attempts, redact);
  }
  // Some gateways list no models, or others than they take. A request without a text costs nothing; only the
  // right address finds fault with it, and only a server that lacks the model says 404.
  auto empty = request_to(endpoint, "POST", path);
  empty.total_timeout = request.total_timeout;
  empty.body = nlohmann::json{{"model", endpoint.model}}.dump();
  const auto found = probe(empty, attempts, pulse);
  const bool there = found.fault == net::HttpFault::none && found.status != 401 && found.status != 403 &&
                     found.status != 404 && found.status != 405 && found.status != 410 &&
                     found.status / 100 != 3;
  // A server that lists its models is there, whatever it makes of an empty request.
  const bool known =
      listed.status == 200 || found.status == 400 || found.status == 422 || found.status == 429;
  if (!there || !known) throw endpoint_error(endpoint, path, found, attempts, redact);
  return state;
}

}  // namespace dream::calls
