#include "tracking/mlflow.hpp"

#include <nlohmann/json.hpp>
#include <set>

#include "tests/support/test.hpp"

using namespace dream::tracking;
using dream::net::HttpFault;
using dream::net::HttpResult;
using nlohmann::json;

namespace {

Settings settings() {
  Settings settings;
  settings.uri = "https://mlflow.lab:5000/ml";
  settings.experiment = "rag & more";
  return settings;
}

HttpResult reply(int status, const std::string& body) {
  HttpResult result;
  result.status = status;
  result.body = body;
  return result;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(mlflow_requests)

BOOST_AUTO_TEST_CASE(values_are_cut_within_the_limits_and_none_is_lost) {
  Values values;
  for (int i = 0; i < 2500; ++i) values.metrics.emplace_back("m" + std::to_string(i), i);
  for (int i = 0; i < 250; ++i) values.params.emplace_back("p" + std::to_string(i), "v");
  for (int i = 0; i < 150; ++i) values.tags.emplace_back("t" + std::to_string(i), "v");
  std::set<std::string> seen;
  for (const auto& request : mlflow::log_values(settings(), "id", values)) {
    const auto body = json::parse(request.body);
    BOOST_TEST(body.at("metrics").size() <= 1000u);
    BOOST_TEST(body.at("params").size() <= 100u);
    BOOST_TEST(body.at("tags").size() <= 100u);
    BOOST_TEST(body.at("metrics").size() + body.at("params").size() + body.at("tags").size() <= 1000u);
    BOOST_TEST(request.body.size() < 1'000'000u);
    for (const char* kind : {"metrics", "params", "tags"}) {
      for (const auto& one : body.at(kind)) BOOST_TEST(seen.insert(one.at("key")).second);
    }
  }
  BOOST_TEST(seen.size() == 2900u);
}

BOOST_AUTO_TEST_CASE(names_and_values_are_such_as_the_server_takes) {
  BOOST_TEST(mlflow::valid_name("précision@5 (k=3)") == "pr__cision_5 _k_3_");
  BOOST_TEST(mlflow::valid_name("progress/score: a-b.c_d") == "progress/score: a-b.c_d");
  Values values;
  values.params.emplace_back("long", std::string(700, 'x'));
  values.tags.emplace_back("wide", std::string(4996, 'x') + "é and more");
  const auto body = json::parse(mlflow::log_values(settings(), "id", values).at(0).body);
  BOOST_TEST(body.at("params").at(0).at("value").get<std::string>().size() == 500u);
  const auto tag = body.at("tags").at(0).at("value").get<std::string>();
  BOOST_TEST(tag.size() <= 5000u);
  BOOST_TEST(tag.ends_with("x..."));  // no half of a character
}

BOOST_AUTO_TEST_CASE(addresses_and_credentials) {
  auto to = settings();
  BOOST_TEST(
      mlflow::find_experiment(to).url ==
      "https://mlflow.lab:5000/ml/api/2.0/mlflow/experiments/get-by-name?experiment_name=rag%20%26%20more");
  BOOST_TEST(
      mlflow::put_artifact(to, "mlflow-artifacts:/1/ab/artifacts", "a b/ü.json", "x").url ==
      "https://mlflow.lab:5000/ml/api/2.0/mlflow-artifacts/artifacts/1/ab/artifacts/a%20b/%C3%BC.json");
  BOOST_TEST(mlflow::put_artifact(to, "mlflow-artifacts://files:81/1/ab", "f", "x").url ==
             "https://files:81/api/2.0/mlflow-artifacts/artifacts/1/ab/f");
  to.environment = {{"MLFLOW_TRACKING_USERNAME", "Aladdin"}, {"MLFLOW_TRACKING_PASSWORD", "open sesame"}};
  BOOST_TEST(request_to(to, "GET", "/version").headers.at(0) ==
             "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");  // RFC 7617
  to.environment["MLFLOW_TRACKING_TOKEN"] = "abc";
  BOOST_TEST(request_to(to, "GET", "/version").headers.at(0) == "Authorization: Bearer abc");
  dream::net::Redactor redact;
  add_secrets(to.environment, redact);
  BOOST_TEST(redact("abc open sesame QWxhZGRpbjpvcGVuIHNlc2FtZQ==") == "*** *** ***");
}

BOOST_AUTO_TEST_CASE(what_replies_mean) {
  using mlflow::Meaning;
  const auto meaning = [](const HttpResult& result) { return mlflow::judge(settings(), result).meaning; };
  BOOST_CHECK(meaning(reply(200, "{}")) == Meaning::done);
  BOOST_CHECK(meaning(reply(503, "")) == Meaning::again);
  BOOST_CHECK(meaning(reply(429, "")) == Meaning::again);
  BOOST_CHECK(meaning(reply(400, R"({"error_code": "INVALID_PARAMETER_VALUE"})")) == Meaning::refused);
  BOOST_CHECK(
      meaning(reply(
          400,
          R"({"error_code": "BAD_REQUEST", "message": "(psycopg2.errors.UniqueViolation) duplicate key"})")) ==
      Meaning::again);
  BOOST_CHECK(meaning(reply(413, "<html>")) == Meaning::refused);
  BOOST_CHECK(meaning(reply(404, "<html>not here</html>")) == Meaning::closed);
  BOOST_CHECK(meaning(reply(401, "")) == Meaning::closed);
  HttpResult refused;
  refused.fault = HttpFault::refused;
  BOOST_CHECK(meaning(refused) == Meaning::again);
}

BOOST_AUTO_TEST_CASE(a_403_for_the_host_name_says_what_to_start_the_server_with) {
  const auto verdict =
      mlflow::judge(settings(), reply(403, "Invalid Host header - possible DNS rebinding attack detected"));
  BOOST_CHECK(verdict.meaning == mlflow::Meaning::closed);
  BOOST_TEST(verdict.text.find("Invalid Host header - possible DNS rebinding attack detected") !=
             std::string::npos);
  BOOST_TEST(verdict.text.find("--allowed-hosts mlflow.lab`") != std::string::npos, verdict.text);
}

BOOST_AUTO_TEST_CASE(versions) {
  BOOST_CHECK(mlflow::version_of("3.17.2") == std::make_pair(3, 17));
  BOOST_CHECK(mlflow::version_of("2.4") == std::make_pair(2, 4));
  BOOST_CHECK(!mlflow::version_of("<html>"));
  BOOST_CHECK(!mlflow::version_of(""));
}

BOOST_AUTO_TEST_SUITE_END()
