#include "storage/service.hpp"

#include <algorithm>

#include "base/errors.hpp"
#include "tests/support/fake_http.hpp"
#include "tests/support/test.hpp"

using namespace dream;
using storage::Request;
using storage::Service;
using test::FakeHttp;
using test::FakeReply;
using test::FakeRequest;

namespace {

const storage::Credentials keys{"AKID", "very-secret", {}, {}, "the environment"};

Service service_at(const FakeHttp& server, storage::Credentials credentials = keys) {
  storage::Settings settings;
  settings.endpoint = server.url("");
  return {storage::resolved(settings), std::move(credentials)};
}

FakeReply error_reply(int status, const std::string& code, const std::string& message = "said the service") {
  FakeReply reply;
  reply.status = status;
  reply.body = "<Error><Code>" + code + "</Code><Message>" + message + "</Message></Error>";
  reply.content_type = "application/xml";
  return reply;
}

Request get(const std::string& key) {
  Request request;
  request.bucket = "bucket";
  request.key = key;
  return request;
}

std::string header(const FakeRequest& request, std::string_view name) {
  for (const auto& line : request.headers) {
    if (line.size() > name.size() &&
        std::ranges::equal(
            name, line.substr(0, name.size()), {}, [](char c) { return c; },
            [](char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); }) &&
        line[name.size()] == ':')
      return line.substr(name.size() + 2);
  }
  return "";
}

/// The message of the error that a request for `key` ends with.
std::string refusal(const FakeReply& reply, const std::string& key = "key",
                    storage::Credentials credentials = keys) {
  FakeHttp server([&](const FakeRequest&, int) { return reply; });
  auto service = service_at(server, std::move(credentials));
  try {
    (void)service.call(get(key), no_pulse());
  } catch (const EndpointError& e) {
    BOOST_TEST(server.log().size() == 1U);  // refused for good: not asked again
    return e.what();
  }
  return "";
}

void check_says(const std::string& message, std::initializer_list<const char*> words) {
  for (const auto* word : words)
    BOOST_TEST(message.find(word) != std::string::npos, word << " in: " << message);
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_request_is_signed_and_its_path_encoded_once) {
  FakeHttp server([](const FakeRequest&, int) {
    FakeReply reply;
    reply.body = "bytes";
    reply.headers = {"ETag: \"abc\""};
    return reply;
  });
  auto service = service_at(server);
  auto request = get("a b/../\xC3\xBC+%41");
  request.query = {{"uploadId", "x/y"}, {"partNumber", "1"}};
  const auto reply = service.call(request, no_pulse());
  BOOST_TEST(reply.ok());
  BOOST_TEST(reply.body == "bytes");
  BOOST_TEST(reply.etag == "abc");
  const auto seen = server.log().at(0);
  BOOST_TEST(seen.path == "/bucket/a%20b/../%C3%BC%2B%2541?partNumber=1&uploadId=x%2Fy");
  BOOST_TEST(header(seen, "authorization").starts_with("AWS4-HMAC-SHA256 Credential=AKID/"));
  BOOST_TEST(header(seen, "x-amz-content-sha256") ==
             "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  BOOST_TEST(header(seen, "x-amz-security-token") == "");
}

BOOST_AUTO_TEST_CASE(anonymous_requests_bear_no_signature_and_session_tokens_are_sent) {
  FakeHttp server([](const FakeRequest&, int) { return FakeReply{}; });
  auto anonymous = service_at(server, {});
  (void)anonymous.call(get("k"), no_pulse());
  BOOST_TEST(header(server.log().at(0), "authorization") == "");
  auto session = service_at(server, {"A", "S", "the-token", {}, {}});
  (void)session.call(get("k"), no_pulse());
  BOOST_TEST(header(server.log().at(1), "x-amz-security-token") == "the-token");
  BOOST_TEST(header(server.log().at(1), "authorization").find(";x-amz-security-token,") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(what_may_pass_is_tried_again) {
  FakeHttp server([](const FakeRequest&, int before) {
    FakeReply reply;
    if (before == 0) return error_reply(503, "");  // a balancer before the service speaks no XML of S3's
    if (before == 1) return error_reply(500, "InternalError");
    if (before == 2) reply.how = FakeReply::How::reset;
    if (before == 3) reply.how = FakeReply::How::cut;
    reply.body = "0123456789";
    return reply;
  });
  auto service = service_at(server);
  BOOST_TEST(service.call(get("k"), no_pulse()).body == "0123456789");
  BOOST_TEST(server.log().size() == 5U);  // libcurl itself repeats one whose kept connection was reset
}

BOOST_AUTO_TEST_CASE(a_service_that_stays_broken_is_told_with_the_number_of_attempts) {
  FakeHttp server([](const FakeRequest&, int) { return error_reply(500, "InternalError"); });
  auto service = service_at(server);
  auto request = get("k");
  request.attempts = 3;
  BOOST_CHECK_EXCEPTION((void)service.call(request, no_pulse()), EndpointError, [](const EndpointError& e) {
    check_says(e.what(), {"s3://bucket/k", "InternalError", "after 3 attempts"});
    return e.status == 500 && e.attempts == 3;
  });
  BOOST_TEST(server.log().size() == 3U);
}

BOOST_AUTO_TEST_CASE(pauses_grow_to_ten_seconds_and_differ) {
  using std::chrono::milliseconds;
  for (int attempt = 2; attempt < 40; ++attempt) {
    const auto base = std::min(200.0 * static_cast<double>(1LL << std::min(attempt - 2, 20)), 10'000.0);
    for (const std::uint64_t noise : {std::uint64_t{0}, std::uint64_t{1} << 63, ~std::uint64_t{0}}) {
      const auto pause = static_cast<double>(Service::pause(attempt, noise).count());
      BOOST_TEST(pause >= 0.75 * base - 1);
      BOOST_TEST(pause <= 1.25 * base + 1);
    }
  }
  BOOST_TEST((Service::pause(5, 1ULL << 40) != Service::pause(5, 99ULL << 40)));
}

BOOST_AUTO_TEST_CASE(refusals_name_bucket_endpoint_and_remedy) {
  check_says(refusal(error_reply(404, "NoSuchBucket")),
             {"no bucket \"bucket\"", "http://127.0.0.1", "s3.endpoint"});
  check_says(refusal(error_reply(403, "SignatureDoesNotMatch")),
             {"s3://bucket/key", "the environment", "s3.region"});
  check_says(refusal(error_reply(403, "InvalidAccessKeyId")), {"check both"});
  check_says(refusal(error_reply(400, "ExpiredToken")), {"expired", "the environment", "fetch new ones"});
  check_says(refusal(error_reply(403, "RequestTimeTooSkewed")), {"clock"});
  check_says(refusal(error_reply(403, "AccessDenied"), ""), {"may not read", "bucket's owner"});
  auto elsewhere = error_reply(400, "AuthorizationHeaderMalformed");
  elsewhere.body.insert(7, "<Region>eu-west-3</Region>");
  check_says(refusal(elsewhere), {"s3.region = \"eu-west-3\""});
  FakeReply page;
  page.status = 405;
  page.body = "<html>no</html>";
  check_says(refusal(page), {"405", "holds no message of S3"});
}

BOOST_AUTO_TEST_CASE(no_refusal_holds_a_secret) {
  const auto message = refusal(error_reply(403, "SignatureDoesNotMatch", "you sent very-secret and a-token"),
                               "key", {"AKID", "very-secret", "a-token", {}, "here"});
  BOOST_TEST(message.find("very-secret") == std::string::npos);
  BOOST_TEST(message.find("a-token") == std::string::npos);
  check_says(message, {"***"});
}

BOOST_AUTO_TEST_CASE(a_missing_or_private_object_is_an_answer) {
  for (const auto& [status, code] :
       {std::pair{404, "NoSuchKey"}, {403, "AccessDenied"}, {412, "PreconditionFailed"}}) {
    FakeHttp server([&, s = status, c = code](const FakeRequest&, int) { return error_reply(s, c); });
    auto service = service_at(server);
    const auto reply = service.call(get("key"), no_pulse());
    BOOST_TEST(reply.status == status);
    BOOST_TEST(reply.code == code);
    BOOST_TEST(!reply.ok());
  }
}

BOOST_AUTO_TEST_CASE(many_requests_run_at_a_time_and_no_more_than_allowed) {
  FakeHttp server([](const FakeRequest& request, int) {
    FakeReply reply;
    reply.body = request.path;
    reply.delay = std::chrono::milliseconds(20);
    return reply;
  });
  storage::Settings settings;
  settings.endpoint = server.url("");
  settings.in_flight = 4;
  Service service(storage::resolved(settings), keys);
  int next = 0;
  std::vector<std::string> replies(40);
  service.exchange(
      [&]() -> std::optional<Request> {
        if (next == 40) return std::nullopt;
        return get(std::to_string(next++));
      },
      [&](std::size_t index, const storage::Reply& reply) { replies[index] = reply.body; }, no_pulse());
  for (std::size_t i = 0; i < replies.size(); ++i) BOOST_TEST(replies[i] == "/bucket/" + std::to_string(i));
  BOOST_TEST(server.most_at_once() <= 4);
  BOOST_TEST(server.most_at_once() >= 2);
}

BOOST_AUTO_TEST_CASE(a_pulse_ends_an_exchange_and_the_next_one_is_clean) {
  FakeHttp server([](const FakeRequest& request, int) {
    FakeReply reply;
    reply.body = request.path;
    if (request.path.ends_with("slow")) reply.delay = std::chrono::seconds(2);
    return reply;
  });
  auto service = service_at(server);
  int calls = 0;
  BOOST_CHECK_THROW((void)service.call(get("slow"),
                                       [&] {
                                         if (++calls > 2) throw Stopped("SIGTERM");
                                       }),
                    Stopped);
  BOOST_TEST(service.call(get("quick"), no_pulse()).body == "/bucket/quick");
}

BOOST_AUTO_TEST_CASE(nobody_at_the_endpoint_is_told_soon) {
  storage::Settings settings;
  settings.endpoint = "http://127.0.0.1:" + std::to_string(test::unused_port());
  Service service(storage::resolved(settings), keys);
  BOOST_CHECK_EXCEPTION((void)service.call(get("k"), no_pulse()), EndpointError, [&](const EndpointError& e) {
    check_says(e.what(), {"check s3.endpoint", settings.endpoint.c_str()});
    return e.status == 0 && e.attempts == 4;
  });
}

BOOST_AUTO_TEST_CASE(keys_that_expire_are_renewed) {
  const auto token = test::folder() / "token";
  FILE* file = std::fopen(token.c_str(), "w");
  std::fputs("t", file);
  std::fclose(file);
  FakeHttp server([](const FakeRequest& request, int) {
    FakeReply reply;
    if (request.path == "/sts/") {
      reply.body =
          "<R><Credentials><AccessKeyId>NEW</AccessKeyId><SecretAccessKey>s</SecretAccessKey>"
          "<Expiration>2040-01-01T00:00:00Z</Expiration></Credentials></R>";
      return reply;
    }
    if (header(request, "authorization").find("Credential=NEW/") == std::string::npos)
      return error_reply(400, "ExpiredToken");
    reply.body = "fine";
    return reply;
  });
  storage::Settings settings;
  settings.endpoint = server.url("");
  settings.environment = {{"AWS_WEB_IDENTITY_TOKEN_FILE", token.string()},
                          {"AWS_ROLE_ARN", "r"},
                          {"AWS_ENDPOINT_URL_STS", server.url("/sts")}};
  const auto now = std::chrono::system_clock::now();
  for (const auto left :
       {std::chrono::seconds(30), std::chrono::seconds(3600)}) {  // known and unknown to have expired
    const auto before = server.log().size();
    Service service(storage::resolved(settings), {"OLD", "s", {}, now + left, "the web identity"});
    BOOST_TEST(service.call(get("k"), no_pulse()).body == "fine");
    BOOST_TEST(server.log().size() - before == (left == std::chrono::seconds(30) ? 2U : 3U));
  }
}
