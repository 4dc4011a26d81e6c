#include "tests/support/test.hpp"
#include "tests/unit/config/catalog.hpp"

using namespace dream;
using namespace dream::config;

namespace {

/// [tracking] of a good config with these --set and MLFLOW_* variables.
Tracking tracking(std::vector<std::string> overrides, const std::map<std::string, std::string>& mlflow = {}) {
  LoadOptions options{std::move(overrides), config::test::variables()};
  for (const auto& [name, value] : mlflow) options.environment["MLFLOW_" + name] = value;
  return load((dream::test::data() / "config" / "good" / "full.toml").string(), config::test::catalog(),
              options)
      .tracking;
}

std::string refusal(std::vector<std::string> overrides,
                    const std::map<std::string, std::string>& mlflow = {}) {
  try {
    (void)tracking(std::move(overrides), mlflow);
  } catch (const ConfigError& e) {
    return e.what();
  }
  return "";
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

BOOST_AUTO_TEST_SUITE(tracking_section)

BOOST_AUTO_TEST_CASE(without_a_section_the_environment_says_nothing) {
  BOOST_TEST((tracking({}, {{"TRACKING_URI", "http://env:1"}}) == Tracking{}));
}

BOOST_AUTO_TEST_CASE(what_the_section_leaves_out_comes_from_mlflows_variables) {
  const std::map<std::string, std::string> variables{{"TRACKING_URI", "http://env:1"},
                                                     {"EXPERIMENT_NAME", "theirs"},
                                                     {"TRACKING_SERVER_CERT_PATH", "/ca.pem"},
                                                     {"TRACKING_TOKEN", "a secret token"}};
  const auto found = tracking({"tracking.artifacts=false"}, variables);
  BOOST_TEST(found.uri == "http://env:1");
  BOOST_TEST(found.experiment == "theirs");
  BOOST_TEST(found.ca_file == "/ca.pem");
  BOOST_TEST(found.environment.at("MLFLOW_TRACKING_TOKEN") == "a secret token");
  BOOST_TEST(tracking({"tracking.uri=\"https://ours\""}, variables).uri == "https://ours");
  BOOST_TEST(!tracking({"tracking.uri=\"https://ours\""}).experiment.empty());  // the sweep's name
}

BOOST_AUTO_TEST_CASE(addresses_that_cannot_be_used) {
  BOOST_TEST(has(refusal({"tracking.grace_s=5"}), "tracking.uri: is missing"));
  BOOST_TEST(has(refusal({"tracking.uri=\"sqlite:///x.db\""}), "wanted the http:// or https:// address"));
  const auto secret = refusal({"tracking.uri=\"http://me:hunter22@h\""});
  BOOST_TEST(has(secret, "MLFLOW_TRACKING_PASSWORD"), secret);
  BOOST_TEST(!has(secret, "hunter22"), secret);
}

BOOST_AUTO_TEST_SUITE_END()
