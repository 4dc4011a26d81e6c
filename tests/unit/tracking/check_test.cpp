#include "tracking/check.hpp"

#include "base/errors.hpp"
#include "tests/support/test.hpp"
#include "tests/unit/tracking/fake_mlflow.hpp"

using namespace dream;
using dream::test::FakeReply;
using dream::test::FakeRequest;
using tracking::test::FakeMlflow;

namespace {

/// What check_server() throws when the server always answers so.
std::string refusal(const FakeReply& reply, const std::string& path = "/") {
  FakeMlflow server([&](const FakeRequest& request, int, bool&) -> std::optional<FakeReply> {
    if (request.path.starts_with(path)) return reply;
    return std::nullopt;
  });
  auto settings = server.settings();
  settings.environment["MLFLOW_TRACKING_TOKEN"] = "very-secret";
  try {
    (void)tracking::check_server(settings, no_pulse());
  } catch (const Error& e) {
    BOOST_TEST(static_cast<int>(e.code) == 4);
    return e.what();
  }
  return "";
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

BOOST_AUTO_TEST_SUITE(check)

BOOST_AUTO_TEST_CASE(a_good_server_is_asked_and_not_changed) {
  FakeMlflow server;
  BOOST_TEST(tracking::check_server(server.settings(), no_pulse()) == "");
  BOOST_TEST(server.requests() == 2);
  BOOST_TEST(server.runs().empty());
}

BOOST_AUTO_TEST_CASE(what_lets_nobody_in_is_an_error) {
  const auto expired = refusal({401, "token very-secret expired", "text/plain"});
  BOOST_TEST(has(expired, "MLFLOW_TRACKING_TOKEN"), expired);
  BOOST_TEST(!has(expired, "very-secret"), expired);
  BOOST_TEST(has(refusal({403, "Invalid Host header - possible DNS rebinding attack detected", "text/plain"}),
                 "--allowed-hosts 127.0.0.1"));
  BOOST_TEST(
      has(refusal({403, R"({"error_code": "PERMISSION_DENIED", "message": "no"})"}), "permission EDIT"));
  BOOST_TEST(
      has(refusal({200, "1.30.0", "text/plain"}, "/version"), "is version 1.30.0; dream_sweep needs 2.4"));
  BOOST_TEST(has(refusal({200, "<html>a router</html>", "text/html"}), "does not answer as MLflow does"));
  BOOST_TEST(has(refusal({404, "nginx", "text/html"}, "/api"), "is tracking.uri the address"));
  BOOST_TEST(
      has(refusal({200, R"({"experiment": {"experiment_id": "1", "lifecycle_stage": "deleted"}})"}, "/api"),
          "is deleted"));
}

BOOST_AUTO_TEST_CASE(one_that_is_down_is_a_warning) {
  tracking::Settings settings;
  settings.uri = "http://127.0.0.1:" + std::to_string(dream::test::unused_port());
  BOOST_TEST(has(tracking::check_server(settings, no_pulse()), "cannot be reached"));
  settings.uri = "http://no-such-host.invalid:5000";
  BOOST_CHECK_THROW((void)tracking::check_server(settings, no_pulse()), Error);
}

BOOST_AUTO_TEST_SUITE_END()
