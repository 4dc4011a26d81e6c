#include "calls/endpoint.hpp"

#include "base/errors.hpp"
#include "tests/unit/calls/calls_kit.hpp"

using namespace dream;
using namespace dream::calls;
using test::FakeHttp;
using test::FakeReply;
using test::FakeRequest;

namespace {

config::Model model(const std::string& url, const std::string& key = "") {
  config::Model one{"large", "openai", {}, {key, "env LLM_API_KEY"}};
  for (const auto& info : openai_kind().params) one.params.set(info.name, info.default_value);
  one.params.set("base_url", url);
  one.params.set("model", std::string("served"));
  return one;
}

net::Redactor redactor() {
  net::Redactor redact;
  redact.add("sk-very-secret");
  return redact;
}

/// The error of a probe at a server that always answers so.
EndpointError probe_error(int status, const std::string& body) {
  FakeHttp server([&](const FakeRequest&, int) {
    FakeReply reply;
    reply.status = status;
    reply.body = body;
    return reply;
  });
  try {
    (void)check_endpoint(endpoint_at(server.url("")), "/chat/completions", redactor(), no_pulse());
  } catch (const EndpointError& error) {
    BOOST_TEST(error.status == status);
    BOOST_TEST(error.url.find(server.url("/v1/")) == 0U);
    BOOST_TEST(std::string(error.what()).find("very-secret") == std::string::npos);
    return error;
  }
  BOOST_FAIL("no error for status " << status);
  throw;
}

bool says(const EndpointError& error, const std::string& words) {
  return std::string(error.what()).find(words) != std::string::npos;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_models_parameters_become_an_endpoint) {
  const auto endpoint = endpoint_of(model("http://host:8000/v1//", "key"));
  BOOST_TEST(endpoint.base_url == "http://host:8000/v1");
  BOOST_TEST(endpoint.model == "served");
  BOOST_TEST(endpoint.adaptive);
  BOOST_TEST(endpoint.in_flight == 1024);
  BOOST_TEST(endpoint.attempts == 5);
  BOOST_TEST(endpoint.timeout_s == 120.0);
  BOOST_TEST(endpoint.max_tokens == 512);
  const auto request = request_to(endpoint, "POST", "/chat/completions");
  BOOST_TEST(request.url == "http://host:8000/v1/chat/completions");
  BOOST_TEST(request.headers.back() == "Authorization: Bearer key");
  BOOST_TEST(request.total_timeout.count() == 120'000);
}

BOOST_AUTO_TEST_CASE(what_the_config_says_of_the_way_reaches_every_request) {
  auto one = model("https://host/v1");
  one.params.set("organization", std::string("org-dream"));
  one.params.set("ca_file", std::string("/etc/own.pem"));
  one.params.set("proxy", std::string("http://proxy:3128"));
  one.params.set("connect_timeout_s", 3.0);
  one.params.set("first_byte_timeout_s", 20.0);
  one.params.set("timeout_s", 60.0);
  for (const auto* method : {"GET", "POST"}) {
    const auto request = request_to(endpoint_of(one), method, "/models");
    BOOST_TEST(request.headers.back() == "OpenAI-Organization: org-dream");
    BOOST_TEST(request.ca_file == "/etc/own.pem");
    BOOST_TEST(request.proxy == "http://proxy:3128");
    BOOST_TEST(request.connect_timeout.count() == 3000);
    BOOST_TEST(request.first_byte_timeout.count() == 20'000);
    BOOST_TEST(request.total_timeout.count() == 60'000);
  }
  one.params.set("proxy", std::string("http://user:hunter2@proxy"));
  BOOST_CHECK_THROW((void)endpoint_of(one), ConfigError);
}

BOOST_AUTO_TEST_CASE(addresses_and_keys_that_cannot_be_used_are_refused) {
  for (const auto* url :
       {"", "host:8000", "ftp://host/v1", "http://", "http:///v1", "http://host/v1?key=1", "http://a b/"}) {
    BOOST_TEST_INFO(url);
    BOOST_CHECK_THROW((void)endpoint_of(model(url)), ConfigError);
  }
  try {
    (void)endpoint_of(model("http://user:hunter2@host/v1"));
    BOOST_FAIL("a password in an address");
  } catch (const ConfigError& error) {
    BOOST_TEST(std::string(error.what()).find("models.large.base_url") == 0U);
    BOOST_TEST(std::string(error.what()).find("hunter2") == std::string::npos);
  }
  BOOST_CHECK_THROW((void)endpoint_of(model("http://host/v1", "key\nX: y")), ConfigError);
}

BOOST_AUTO_TEST_CASE(shares_add_up) {
  for (const std::int64_t total : {0, 1, 5, 16, 64}) {
    for (const int ranks : {1, 2, 3, 7, 16}) {
      std::int64_t sum = 0;
      for (int rank = 0; rank < ranks; ++rank) {
        sum += share_of(total, rank, ranks);
        BOOST_TEST(share_of(total, rank, ranks) - share_of(total, ranks - 1, ranks) <= 1);
      }
      BOOST_TEST(sum == total);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_probe_of_a_good_endpoint_costs_nothing) {
  FakeHttp server([](const FakeRequest&, int) {
    FakeReply reply;
    reply.body = R"({"object":"list","data":[{"id":"a"},{"id":"fake-model"},{"name":"c"}]})";
    return reply;
  });
  const auto state = check_endpoint(endpoint_at(server.url("")), "/chat/completions", redactor(), no_pulse());
  BOOST_TEST((state.models == std::vector<std::string>{"a", "fake-model"}));
  BOOST_REQUIRE(server.log().size() == 1U);
  BOOST_TEST(server.log()[0].method == "GET");
  BOOST_TEST(server.log()[0].path == "/v1/models");
}

BOOST_AUTO_TEST_CASE(an_endpoint_without_a_list_is_asked_an_empty_question) {
  FakeHttp server([](const FakeRequest& request, int) {
    FakeReply reply;
    reply.status = request.path == "/v1/chat/completions" ? 422 : 404;
    return reply;
  });
  BOOST_TEST(check_endpoint(endpoint_at(server.url("")), "/chat/completions", redactor(), no_pulse())
                 .models.empty());
  BOOST_TEST(server.log().at(1).body == R"({"model":"fake-model"})");
}

BOOST_AUTO_TEST_CASE(a_model_that_is_not_listed_is_asked_for_without_cost) {
  // llama.cpp takes any name and says 400 or 500 to a request without a text; vLLM says 404 for a model that
  // it lacks.
  for (const int status : {400, 404, 500}) {
    FakeHttp server([=](const FakeRequest& request, int) {
      FakeReply reply;
      reply.body = R"({"data":[{"id":"another"}]})";
      if (request.path != "/v1/models") {
        reply.status = status;
        reply.body = R"({"error":{"message":"no such model"}})";
      }
      return reply;
    });
    const auto check = [&] {
      return check_endpoint(endpoint_at(server.url("")), "/embeddings", redactor(), no_pulse());
    };
    if (status == 404) {
      try {
        (void)check();
        BOOST_FAIL("an unknown model was accepted");
      } catch (const EndpointError& error) {
        BOOST_TEST(error.status == 404);
        BOOST_TEST(says(error, "no such model"));
      }
    } else {
      BOOST_TEST(check().models.size() == 1U);
    }
    BOOST_TEST(server.log().back().path == "/v1/embeddings");
  }
}

BOOST_AUTO_TEST_CASE(a_ranks_part_of_the_limits_is_an_even_one) {
  Endpoint endpoint;
  endpoint.in_flight = 7;
  endpoint.requests_per_minute = 90;
  endpoint.tokens_per_minute = 3000;
  std::int64_t in_flight = 0;
  for (int rank = 0; rank < 3; ++rank) {
    const auto part = limit_to(endpoint, rank, 3);
    in_flight += part.in_flight;
    BOOST_TEST(part.requests_per_minute == 30);
    BOOST_TEST(part.tokens_per_minute == 1000);
  }
  BOOST_TEST(in_flight == 7);
}

BOOST_AUTO_TEST_CASE(a_probe_says_what_is_wrong_and_what_to_do) {
  const auto unauthorized = probe_error(401, R"({"error":{"message":"bad key sk-very-secret"}})");
  BOOST_TEST(says(unauthorized, "bad key ***"));
  BOOST_TEST(says(unauthorized, "check models.large.api_key (from env LLM_API_KEY)"));
  BOOST_TEST(says(probe_error(404, "nothing here"), "check models.large.base_url"));
  BOOST_TEST(says(probe_error(302, ""), "redirects"));
  BOOST_TEST(says(probe_error(200, "<html>login</html>"), "OpenAI-compatible"));
  BOOST_TEST(probe_error(503, "down").attempts == 3);
}

BOOST_AUTO_TEST_CASE(a_secret_is_taken_out_before_the_words_are_shortened) {
  const auto body = R"({"error":{"message":")" + std::string(295, 'x') + R"(sk-very-secret"}})";
  BOOST_TEST(!says(probe_error(401, body), "sk-ve"));
}

BOOST_AUTO_TEST_CASE(a_probe_of_nobody_is_an_error) {
  const auto endpoint = endpoint_at("http://127.0.0.1:" + std::to_string(test::unused_port()));
  try {
    (void)check_endpoint(endpoint, "/chat/completions", redactor(), no_pulse());
    BOOST_FAIL("nobody answered");
  } catch (const EndpointError& error) {
    BOOST_TEST(error.status == 0);
    BOOST_TEST(says(error, "refused"));
    BOOST_TEST(says(error, "models.large.base_url"));
  }
}

BOOST_AUTO_TEST_CASE(a_probe_survives_a_passing_failure) {
  FakeHttp server([](const FakeRequest&, int before) {
    FakeReply reply;
    reply.status = before == 0 ? 503 : 200;
    reply.body = R"({"data":[]})";
    return reply;
  });
  BOOST_TEST(check_endpoint(endpoint_at(server.url("")), "/chat/completions", redactor(), no_pulse())
                 .models.empty());
}
