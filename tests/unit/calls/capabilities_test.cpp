#include "calls/capabilities.hpp"

#include <nlohmann/json.hpp>

#include "base/file.hpp"
#include "calls_kit.hpp"

using namespace dream;
using namespace dream::calls;
using test::FakeHttp;
using test::FakeRequest;

namespace {

std::optional<bool> ask(const FakeHttp& server, Budget* budget = nullptr) {
  net::Redactor redact;
  Sender sender(redact, quick());
  Ledger ledger(test::folder() / "probe.ledger");
  if (budget != nullptr) sender.charge(*budget, ledger);
  return ask_for_json_schema(sender, endpoint_at(server.url("")), redact, no_pulse());
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_reply_is_a_yes_and_a_refusal_a_no) {
  FakeHttp willing([](const FakeRequest& request, int) { return echo(request); });
  BOOST_TEST((ask(willing) == true));
  BOOST_REQUIRE(willing.log().size() == 1U);
  const auto body = nlohmann::json::parse(willing.log().front().body);
  BOOST_TEST(body.at("response_format").at("type") == "json_schema");
  FakeHttp strict([](const FakeRequest&, int) { return refusal(400, "response_format is not supported"); });
  BOOST_TEST((ask(strict) == false));
  BOOST_TEST(strict.log().size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_server_that_does_not_say_is_an_error) {
  for (const int status : {401, 503}) {
    FakeHttp server([status](const FakeRequest&, int) { return refusal(status, "no"); });
    BOOST_CHECK_THROW((void)ask(server), EndpointError);
    BOOST_TEST(server.log().size() == (status == 401 ? 1U : 3U), "attempts, for what may pass");
  }
}

BOOST_AUTO_TEST_CASE(a_budget_without_room_asks_for_nothing) {
  FakeHttp server([](const FakeRequest& request, int) { return echo(request); });
  Budget budget;
  budget.deal({std::nullopt, 3});
  BOOST_TEST(!ask(server, &budget).has_value());
  BOOST_TEST(server.log().empty());
}

BOOST_AUTO_TEST_CASE(what_was_found_is_kept_by_address_model_and_revision) {
  const auto state = test::folder();
  auto endpoint = endpoint_at("http://a");
  BOOST_TEST(!known_json_schema(state, endpoint).has_value());
  keep_json_schema(state, endpoint, false);
  BOOST_TEST((known_json_schema(state, endpoint) == false));
  for (auto part : {&Endpoint::base_url, &Endpoint::model, &Endpoint::revision}) {
    auto other = endpoint;
    other.*part = "b";
    BOOST_TEST(!known_json_schema(state, other).has_value());
  }
  keep_json_schema(state, endpoint, true);
  BOOST_TEST((known_json_schema(state, endpoint) == true));
  BOOST_TEST(read_file(capability_file(state, endpoint)).find("very-secret") == std::string::npos);
  write_file(capability_file(state, endpoint), "[]");
  BOOST_TEST(!known_json_schema(state, endpoint).has_value());
}
