#include "net/http.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <map>

#include "base/errors.hpp"
#include "tests/support/fake_http.hpp"
#include "tests/support/test.hpp"

using namespace dream;
using net::HttpFault;
using std::chrono::milliseconds;
using test::FakeHttp;
using test::FakeReply;
using test::FakeRequest;

namespace {

net::HttpRequest get(const std::string& url) {
  net::HttpRequest request;
  request.url = url;
  request.total_timeout = milliseconds(10'000);
  return request;
}

net::HttpRequest post(const std::string& url, std::string body) {
  auto request = get(url);
  request.method = "POST";
  request.body = std::move(body);
  return request;
}

/// Settles everything in flight, by tag.
std::map<std::uint64_t, net::HttpResult> settle(net::HttpClient& client) {
  std::map<std::uint64_t, net::HttpResult> results;
  while (client.in_flight() > 0) {
    for (auto& result : client.poll(milliseconds(100))) results[result.tag] = std::move(result);
  }
  return results;
}

FakeReply with(FakeReply::How how, std::string body = "0123456789") {
  FakeReply reply;
  reply.how = how;
  reply.body = std::move(body);
  return reply;
}

/// A port whose server takes no more connections: the system drops what asks for one.
class FullHouse {
 public:
  FullHouse() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const place = reinterpret_cast<sockaddr*>(&address);
    sockets_.push_back(::socket(AF_INET, SOCK_STREAM, 0));
    BOOST_REQUIRE(::bind(sockets_[0], place, size) == 0 && ::listen(sockets_[0], 0) == 0);
    BOOST_REQUIRE(::getsockname(sockets_[0], place, &size) == 0);
    port_ = ntohs(address.sin_port);
    for (int guest = 0; guest < 4; ++guest) {
      sockets_.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
      (void)::connect(sockets_.back(), place, size);
    }
  }
  ~FullHouse() {
    for (const int fd : sockets_) ::close(fd);
  }
  FullHouse(const FullHouse&) = delete;
  FullHouse& operator=(const FullHouse&) = delete;
  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/"; }

 private:
  std::vector<int> sockets_;
  int port_ = 0;
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_request_arrives_and_its_reply_comes_back) {
  FakeHttp server([](const FakeRequest& request, int) {
    FakeReply reply;
    reply.status = 418;
    reply.body = request.method + " " + request.path + " " + request.body;
    reply.content_type = "Text/Plain; charset=utf-8";
    reply.headers = {"Retry-After: 1.5"};
    return reply;
  });
  auto request = post(server.url("/a?b=c"), "body");
  request.headers = {"X-Mine: 1"};
  const auto result = net::fetch(request, no_pulse());
  BOOST_TEST(result.status == 418);
  BOOST_TEST((result.fault == HttpFault::none));
  BOOST_TEST(result.body == "POST /a?b=c body");
  BOOST_TEST(result.content_type == "text/plain");
  BOOST_TEST(result.retry_after.value().count() == 1500);
  BOOST_TEST(result.elapsed.count() > 0);
  const auto headers = server.log().at(0).headers;
  BOOST_TEST((std::find(headers.begin(), headers.end(), "X-Mine: 1") != headers.end()));
}

BOOST_AUTO_TEST_CASE(retry_after_may_be_a_date_or_nonsense) {
  FakeHttp server([](const FakeRequest&, int before) {
    FakeReply reply;
    const char* values[] = {"Wed, 21 Oct 2015 07:28:00 GMT", "soon", "-5", "Fri, 31 Dec 2077 23:59:59 GMT"};
    reply.headers = {std::string("Retry-After: ") + values[before]};
    return reply;
  });
  BOOST_TEST(net::fetch(get(server.url("/")), no_pulse()).retry_after.value().count() == 0);
  BOOST_TEST(!net::fetch(get(server.url("/")), no_pulse()).retry_after.has_value());
  BOOST_TEST(net::fetch(get(server.url("/")), no_pulse()).retry_after.value().count() == 0);
  BOOST_TEST(net::fetch(get(server.url("/")), no_pulse()).retry_after.value().count() > 86'400'000);
}

BOOST_AUTO_TEST_CASE(many_at_once_share_kept_connections) {
  FakeHttp server([](const FakeRequest& request, int) {
    FakeReply reply;
    reply.body = request.body;
    reply.delay = milliseconds(20);
    return reply;
  });
  net::HttpClient client;
  for (int round = 0; round < 3; ++round) {
    for (std::uint64_t i = 0; i < 8; ++i)
      client.submit(post(server.url("/"), "body " + std::to_string(i)), i);
    BOOST_TEST(client.in_flight() == 8);
    const auto results = settle(client);
    for (std::uint64_t i = 0; i < 8; ++i) BOOST_TEST(results.at(i).body == "body " + std::to_string(i));
  }
  BOOST_TEST(server.log().size() == 24U);
  BOOST_TEST(server.most_at_once() == 8);
  BOOST_TEST(server.connections() <= 8);
}

BOOST_AUTO_TEST_CASE(faults_are_values) {
  FakeHttp server([](const FakeRequest& request, int) {
    if (request.path == "/reset") return with(FakeReply::How::reset);
    if (request.path == "/cut") return with(FakeReply::How::cut);
    if (request.path == "/drip") return with(FakeReply::How::drip, std::string(1000, 'x'));
    if (request.path == "/raw") return with(FakeReply::How::raw, "SSH-2.0-OpenSSH_9.2\r\n");
    return with(FakeReply::How::whole, std::string(1000, 'x'));
  });
  net::HttpClient client;
  auto slow = get(server.url("/drip"));
  slow.total_timeout = milliseconds(300);
  auto small = get(server.url("/large"));
  small.max_reply_bytes = 999;
  auto enough = get(server.url("/large"));
  enough.max_reply_bytes = 1000;
  client.submit(get(server.url("/reset")), 0);
  client.submit(get(server.url("/cut")), 1);
  client.submit(slow, 2);
  client.submit(get(server.url("/raw")), 3);
  client.submit(small, 4);
  client.submit(enough, 5);
  client.submit(get("http://127.0.0.1:" + std::to_string(test::unused_port())), 6);
  client.submit(get("http://name.invalid/"), 7);
  client.submit(get("ftp://127.0.0.1/"), 8);
  client.submit(get("https://127.0.0.1:" + std::to_string(server.port())), 9);
  const auto results = settle(client);
  const HttpFault expected[] = {
      HttpFault::reset, HttpFault::truncated, HttpFault::timeout, HttpFault::rubbish, HttpFault::too_large,
      HttpFault::none,  HttpFault::refused,   HttpFault::dns,     HttpFault::rubbish, HttpFault::tls};
  for (std::uint64_t i = 0; i < 10; ++i) {
    BOOST_TEST_INFO("request " << i << ": " << results.at(i).fault_text);
    BOOST_TEST(net::to_text(results.at(i).fault) == net::to_text(expected[i]));
    BOOST_TEST(results.at(i).fault_text.empty() == (expected[i] == HttpFault::none));
  }
}

BOOST_AUTO_TEST_CASE(a_reply_of_ten_megabytes_comes_whole) {
  std::string large(10 << 20, '\0');
  for (std::size_t i = 0; i < large.size(); ++i) large[i] = static_cast<char>('a' + i % 23);
  FakeHttp server([&](const FakeRequest&, int) { return with(FakeReply::How::whole, large); });
  const auto result = net::fetch(get(server.url("/")), no_pulse());
  BOOST_TEST((result.body == large));
}

BOOST_AUTO_TEST_CASE(redirects_are_not_followed) {
  FakeHttp server([](const FakeRequest&, int) {
    FakeReply reply;
    reply.status = 302;
    reply.headers = {"Location: /elsewhere"};
    return reply;
  });
  BOOST_TEST(net::fetch(get(server.url("/")), no_pulse()).status == 302);
  BOOST_TEST(server.log().size() == 1U);
}

BOOST_AUTO_TEST_CASE(cancelled_transfers_never_come_back) {
  FakeHttp server([](const FakeRequest&, int) {
    auto reply = with(FakeReply::How::whole);
    reply.delay = milliseconds(50);
    return reply;
  });
  net::HttpClient client;
  client.submit(get(server.url("/")), 1);
  (void)client.poll(milliseconds(10));
  client.cancel_all();
  BOOST_TEST(client.in_flight() == 0);
  client.submit(get(server.url("/")), 2);
  const auto results = settle(client);
  BOOST_TEST(results.size() == 1U);
  BOOST_TEST(results.count(2) == 1U);
}

BOOST_AUTO_TEST_CASE(a_header_with_a_line_break_is_refused) {
  net::HttpClient client;
  auto request = get("http://127.0.0.1/");
  request.headers = {"Authorization: Bearer a\r\nX-Other: b"};
  BOOST_CHECK_THROW(client.submit(request, 0), InternalError);
  BOOST_TEST(client.in_flight() == 0);
}

BOOST_AUTO_TEST_CASE(a_pulse_ends_a_fetch) {
  FakeHttp server([](const FakeRequest&, int) {
    auto reply = with(FakeReply::How::whole);
    reply.delay = milliseconds(60'000);
    return reply;
  });
  int beats = 0;
  const Pulse pulse = [&] {
    if (++beats == 3) throw Stopped("test");
  };
  BOOST_CHECK_THROW((void)net::fetch(get(server.url("/")), pulse), Stopped);
}

BOOST_AUTO_TEST_CASE(limits_in_headers_are_kept_and_other_headers_are_not) {
  FakeHttp server([](const FakeRequest&, int) {
    FakeReply reply;
    reply.headers = {"X-RateLimit-Remaining-Requests: 0", "x-ratelimit-reset-requests:  1s ", "X-Other: 3"};
    return reply;
  });
  const auto result = net::fetch(get(server.url("/")), no_pulse());
  BOOST_TEST(result.rate_limits.size() == 2U);
  BOOST_TEST(result.rate_limits.at("x-ratelimit-remaining-requests") == "0");
  BOOST_TEST(result.rate_limits.at("x-ratelimit-reset-requests") == "1s");
}

BOOST_AUTO_TEST_CASE(a_reply_that_does_not_begin_in_time_is_a_timeout_and_a_slow_one_is_not) {
  FakeHttp server([](const FakeRequest& request, int) {
    if (request.path == "/drip")
      return with(FakeReply::How::drip, std::string(100, 'x'));  // two seconds, beginning at once
    FakeReply late;
    late.delay = milliseconds(20'000);
    return late;
  });
  net::HttpClient client;
  for (const auto* path : {"/drip", "/late"}) {
    auto request = get(server.url(path));
    request.first_byte_timeout = milliseconds(1500);
    request.total_timeout = milliseconds(30'000);
    client.submit(request, path[1] == 'd' ? 1 : 2);
  }
  const auto results = settle(client);
  BOOST_TEST((results.at(1).fault == HttpFault::none));
  BOOST_TEST(results.at(1).body.size() == 100U);
  BOOST_TEST((results.at(2).fault == HttpFault::timeout));
  BOOST_TEST((results.at(2).elapsed < milliseconds(15'000)));
}

BOOST_AUTO_TEST_CASE(a_proxy_of_the_request_gets_the_whole_address) {
  FakeHttp proxy([](const FakeRequest& request, int) {
    FakeReply reply;
    reply.body = request.path;
    return reply;
  });
  auto request = get("http://no-such-host.invalid/v1/models");
  request.proxy = proxy.url("");
  BOOST_TEST(net::fetch(request, no_pulse()).body == "http://no-such-host.invalid/v1/models");
}

BOOST_AUTO_TEST_CASE(a_connection_that_nobody_takes_is_a_timeout_of_its_own) {
  const FullHouse house;
  auto request = get(house.url());
  request.total_timeout = milliseconds(60'000);
  request.connect_timeout = milliseconds(200);
  const auto result = net::fetch(request, no_pulse());
  BOOST_TEST(net::to_text(result.fault) == "timeout");
  BOOST_TEST(result.status == 0);
  BOOST_TEST((result.elapsed < std::chrono::seconds(30)));
}

BOOST_AUTO_TEST_CASE(the_first_byte_is_timed_apart_from_the_last) {
  FakeHttp server([](const FakeRequest&, int) { return with(FakeReply::How::drip, std::string(10, 'x')); });
  const auto result = net::fetch(get(server.url("/")), no_pulse());
  BOOST_TEST(result.body.size() == 10U);
  BOOST_TEST(result.first_byte.count() > 0);
  BOOST_TEST((result.elapsed - result.first_byte > milliseconds(100)));
}

BOOST_AUTO_TEST_CASE(limits_of_first_bytes_do_not_outlive_their_transfers) {
  FakeHttp server([](const FakeRequest& request, int) {
    auto reply = with(FakeReply::How::whole, "ok");
    reply.delay = milliseconds(request.path == "/slow" ? 400 : 1);
    return reply;
  });
  net::HttpClient client;
  auto quick = get(server.url("/quick"));
  quick.first_byte_timeout = milliseconds(200);
  client.submit(quick, 1);
  BOOST_TEST(settle(client).at(1).status == 200);
  client.submit(get(server.url("/slow")), 2);  // on the handle of the first, whose limit has not passed yet
  BOOST_TEST(settle(client).at(2).status == 200);
}
