#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <sstream>
#include <thread>

#include "net/http.hpp"
#include "tests/support/fake_http.hpp"
#include "tests/support/test.hpp"

using namespace dream;

namespace {

/// A certificate for 127.0.0.1 that only its own file vouches for, and its key.
struct Certificate {
  std::string file = (test::folder() / "certificate.pem").string();
  std::string key = (test::folder() / "key.pem").string();

  Certificate() {
    const auto make =
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 "
        "-addext subjectAltName=IP:127.0.0.1 -keyout " +
        key + " -out " + file + " 2>/dev/null";
    if (std::system(make.c_str()) != 0) test::skip("no openssl program");
  }
};

/// A server as a child process, whose output is read.
class Child {
 public:
  explicit Child(std::vector<std::string> words) {
    std::vector<char*> argv;
    for (auto& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    int ends[2];
    BOOST_REQUIRE(::pipe(ends) == 0);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::dup2(ends[1], STDOUT_FILENO);
      ::execvp(argv[0], argv.data());
      ::_exit(127);
    }
    ::close(ends[1]);
    out_ = ::fdopen(ends[0], "r");
  }
  ~Child() {
    std::fclose(out_);
    ::kill(pid_, SIGTERM);
    ::waitpid(pid_, nullptr, 0);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  [[nodiscard]] std::FILE* out() const { return out_; }
  /// Ends it, and gives what it has printed.
  [[nodiscard]] std::string last_words() const {
    ::kill(pid_, SIGTERM);
    std::string text;
    char part[4096];
    for (std::size_t got; (got = std::fread(part, 1, sizeof part, out_)) > 0;) text.append(part, got);
    return text;
  }

 private:
  pid_t pid_ = -1;
  std::FILE* out_ = nullptr;
};

net::HttpRequest request_to(const std::string& host, int port) {
  net::HttpRequest request;
  request.url = "https://" + host + ":" + std::to_string(port) + "/";
  request.total_timeout = std::chrono::seconds(20);
  return request;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_certificate_is_trusted_only_through_the_ca_file_and_only_for_its_host) {
  const Certificate certificate;
  const Child server({"openssl", "s_server", "-accept", "127.0.0.1:0", "-cert", certificate.file, "-key",
                      certificate.key, "-www"});
  int port = 0;
  char line[256];
  while (port == 0 && std::fgets(line, sizeof line, server.out()) != nullptr)
    (void)std::sscanf(line, "ACCEPT 127.0.0.1:%d", &port);
  BOOST_REQUIRE(port != 0);
  auto request = request_to("127.0.0.1", port);
  BOOST_TEST(net::to_text(net::fetch(request, no_pulse()).fault) == "tls");
  request.ca_file = certificate.file;
  const auto trusted = net::fetch(request, no_pulse());
  BOOST_TEST_INFO(trusted.fault_text);
  BOOST_TEST(trusted.status == 200);
  auto other = request_to("localhost", port);
  other.ca_file = certificate.file;
  BOOST_TEST(net::to_text(net::fetch(other, no_pulse()).fault) == "tls");
  request.ca_file = (test::folder() / "absent.pem").string();
  BOOST_TEST(net::to_text(net::fetch(request, no_pulse()).fault) == "tls");
}

BOOST_AUTO_TEST_CASE(where_http_2_is_offered_requests_share_a_connection) {
  if (std::system("nghttpd --version >/dev/null 2>&1") != 0)
    test::skip("no nghttpd (package nghttp2-server)");
  const Certificate certificate;
  const auto folder = (test::folder() / "served").string();
  std::filesystem::create_directories(folder);
  const int port = test::unused_port();
  const Child server({"nghttpd", "--verbose", "--address=127.0.0.1", "--htdocs=" + folder,
                      std::to_string(port), certificate.key, certificate.file});
  net::HttpClient client;
  std::vector<net::HttpResult> results;
  for (int attempt = 0; attempt < 200; ++attempt) {  // until it listens
    auto request = request_to("127.0.0.1", port);
    request.ca_file = certificate.file;
    const auto first = net::fetch(request, no_pulse());
    if (first.status != 0) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  for (std::uint64_t i = 0; i < 40; ++i) {
    auto request = request_to("127.0.0.1", port);
    request.method = "POST";
    request.body = std::string(2'000, 'x');
    request.ca_file = certificate.file;
    client.submit(std::move(request), i);
  }
  while (client.in_flight() > 0) {
    for (auto& result : client.poll(std::chrono::milliseconds(100))) results.push_back(std::move(result));
  }
  BOOST_TEST(results.size() == 40U);
  for (const auto& result : results) {
    BOOST_TEST_INFO(result.fault_text);
    BOOST_TEST(result.status == 404);  // it speaks nothing but HTTP/2, serves files, and has none
  }
  // Each line begins with the number of its connection: "[id=3] [  0.012] recv (stream_id=1) :method: POST".
  std::set<std::string> connections;
  std::istringstream lines(server.last_words());
  for (std::string line; std::getline(lines, line);) {
    if (line.find(":method: POST") != std::string::npos) connections.insert(line.substr(0, line.find(']')));
  }
  BOOST_TEST(connections.size() == 1U);
}
