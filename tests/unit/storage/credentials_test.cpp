#include "storage/credentials.hpp"

#include <fstream>

#include "base/errors.hpp"
#include "storage/ini.hpp"
#include "tests/support/fake_http.hpp"
#include "tests/support/test.hpp"

using namespace dream;
using storage::find_credentials;
using storage::Settings;

namespace {

std::string write(const std::filesystem::path& path, const std::string& text) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path) << text;
  return path.string();
}

Settings with(std::map<std::string, std::string> environment) {
  Settings settings;
  settings.environment = std::move(environment);
  return storage::resolved(settings);
}

const std::string two_profiles =
    "# keys\n[default]\naws_access_key_id = D\naws_secret_access_key=DS\n\n[ lab ]\naws_access_key_id=L\n"
    "aws_secret_access_key = L=S==\naws_session_token=LT\n[half]\naws_access_key_id=H\n";

}  // namespace

BOOST_AUTO_TEST_CASE(credentials_come_from_the_first_place_that_has_them) {
  const auto home = test::folder();
  write(home / ".aws" / "credentials", two_profiles);
  const auto token = write(home / "token", "jwt.1+2\n");
  test::FakeHttp sts([](const test::FakeRequest&, int) {
    test::FakeReply reply;
    reply.body =
        "<R><Credentials><AccessKeyId>W</AccessKeyId><SecretAccessKey>WS</SecretAccessKey><SessionToken>WT"
        "</SessionToken><Expiration>2030-01-01T00:00:00Z</Expiration></Credentials></R>";
    return reply;
  });
  std::map<std::string, std::string> all{{"HOME", home.string()},
                                         {"AWS_WEB_IDENTITY_TOKEN_FILE", token},
                                         {"AWS_ROLE_ARN", "arn:aws:iam::1:role/a b"},
                                         {"AWS_ENDPOINT_URL_STS", sts.url("")},
                                         {"AWS_ACCESS_KEY_ID", "E"},
                                         {"AWS_SECRET_ACCESS_KEY", "ES"},
                                         {"AWS_SESSION_TOKEN", "ET"}};
  auto settings = with(all);
  settings.anonymous = true;
  BOOST_TEST(find_credentials(settings, no_pulse()).access_key.empty());

  settings = with(all);
  settings.profile = "lab";
  auto found = find_credentials(settings, no_pulse());
  BOOST_TEST(found.access_key == "L");
  BOOST_TEST(found.secret_key == "L=S==");
  BOOST_TEST(found.session_token == "LT");
  BOOST_TEST(found.origin.find("profile lab") != std::string::npos);

  found = find_credentials(with(all), no_pulse());
  BOOST_TEST(found.access_key == "E");
  BOOST_TEST(found.session_token == "ET");

  for (const auto* name : {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"})
    all.erase(name);
  found = find_credentials(with(all), no_pulse());
  BOOST_TEST(found.access_key == "W");
  BOOST_TEST(found.session_token == "WT");
  BOOST_TEST(found.expires.has_value());
  const auto asked = sts.log().at(0).body;
  BOOST_TEST(asked.find("Action=AssumeRoleWithWebIdentity") != std::string::npos);
  BOOST_TEST(asked.ends_with("&WebIdentityToken=jwt.1%2B2"));  // the line break of the file is gone
  BOOST_TEST(asked.find("RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fa%20b&") != std::string::npos);

  all.erase("AWS_ROLE_ARN");
  BOOST_TEST(find_credentials(with(all), no_pulse()).access_key == "D");
  all["AWS_PROFILE"] = "lab";
  BOOST_TEST(find_credentials(with(all), no_pulse()).access_key == "L");
  BOOST_TEST(sts.log().size() == 1U);
}

BOOST_AUTO_TEST_CASE(missing_credentials_are_told_with_every_place) {
  const auto home = test::folder() / "missing";
  const auto refused = [](const Settings& settings, const std::string& word) {
    BOOST_CHECK_EXCEPTION(
        (void)find_credentials(settings, no_pulse()), ConfigError,
        [&](const ConfigError& e) { return std::string(e.what()).find(word) != std::string::npos; });
  };
  refused(with({{"HOME", home.string()}}), "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY");
  refused(with({{"HOME", home.string()}, {"AWS_ACCESS_KEY_ID", "a"}}), "AWS_SECRET_ACCESS_KEY is not");
  refused(with({{"AWS_WEB_IDENTITY_TOKEN_FILE", "/nowhere/token"}, {"AWS_ROLE_ARN", "r"}}), "/nowhere/token");
  write(home / ".aws" / "credentials", two_profiles);
  refused(with({{"HOME", home.string()}, {"AWS_PROFILE", "none"}}), "no section [none]");
  refused(with({{"HOME", home.string()}, {"AWS_PROFILE", "half"}}), "[half] lacks");
}

BOOST_AUTO_TEST_CASE(a_refused_web_identity_says_what_the_token_service_said) {
  const auto token = write(test::folder() / "refused-token", "secret-jwt");
  test::FakeHttp sts([](const test::FakeRequest&, int) {
    test::FakeReply reply;
    reply.status = 400;
    reply.body =
        "<ErrorResponse><Error><Code>ExpiredTokenException</Code><Message>too "
        "old</Message></Error></ErrorResponse>";
    return reply;
  });
  const auto settings = with(
      {{"AWS_WEB_IDENTITY_TOKEN_FILE", token}, {"AWS_ROLE_ARN", "r"}, {"AWS_ENDPOINT_URL_STS", sts.url("")}});
  BOOST_CHECK_EXCEPTION(
      (void)find_credentials(settings, no_pulse()), EndpointError, [&](const EndpointError& e) {
        const std::string text = e.what();
        return text.find("ExpiredTokenException") != std::string::npos &&
               text.find(token) != std::string::npos && text.find("secret-jwt") == std::string::npos;
      });
}

BOOST_AUTO_TEST_CASE(credentials_travel_between_ranks) {
  storage::Credentials one{"a", "b", "c", std::chrono::system_clock::time_point(std::chrono::seconds(7)),
                           "o"};
  const auto there = storage::unpack_credentials(storage::pack(one));
  BOOST_TEST(there.secret_key == "b");
  BOOST_TEST((there.expires == one.expires));
  one.expires.reset();
  BOOST_TEST(!storage::unpack_credentials(storage::pack(one)).expires.has_value());
}

BOOST_AUTO_TEST_CASE(settings_are_filled_from_the_environment) {
  auto plain = with({});
  BOOST_TEST(plain.endpoint == "https://s3.us-east-1.amazonaws.com");
  BOOST_TEST((plain.addressing == storage::Addressing::host));
  auto other = with({{"AWS_ENDPOINT_URL", "http://x"},
                     {"AWS_ENDPOINT_URL_S3", "http://y:1/s3/"},
                     {"AWS_REGION", "eu"},
                     {"AWS_CA_BUNDLE", "/ca"}});
  BOOST_TEST(other.endpoint == "http://y:1/s3/");
  BOOST_TEST(other.region == "eu");
  BOOST_TEST(other.ca_file == "/ca");
  BOOST_TEST((other.addressing == storage::Addressing::path));
  BOOST_TEST(storage::endpoint_of(other).host == "y:1");
  BOOST_TEST(storage::endpoint_of(other).path == "/s3");
  for (const auto* bad : {"y:1", "ftp://y", "http://", "https://key@y"}) {
    Settings settings;
    settings.endpoint = bad;
    BOOST_CHECK_THROW((void)storage::resolved(settings), ConfigError);
  }
}
