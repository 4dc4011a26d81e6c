#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "net/http.hpp"
#include "tests/support/test.hpp"

using namespace dream;

namespace {

/// OpenSSL's own test server with a certificate that only its own file vouches for.
class TlsServer {
 public:
  TlsServer() {
    const auto key = (test::folder() / "key.pem").string();
    const auto make =
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 "
        "-addext subjectAltName=IP:127.0.0.1 -keyout " +
        key + " -out " + certificate() + " 2>/dev/null";
    if (std::system(make.c_str()) != 0) test::skip("no openssl program");
    int ends[2];
    BOOST_REQUIRE(::pipe(ends) == 0);
    child_ = ::fork();
    if (child_ == 0) {
      ::dup2(ends[1], STDOUT_FILENO);
      ::execlp("openssl", "openssl", "s_server", "-accept", "127.0.0.1:0", "-cert", certificate().c_str(),
               "-key", key.c_str(), "-www", static_cast<char*>(nullptr));
      ::_exit(127);
    }
    ::close(ends[1]);
    std::FILE* out = ::fdopen(ends[0], "r");
    char line[256];
    while (port_ == 0 && std::fgets(line, sizeof line, out) != nullptr)
      (void)std::sscanf(line, "ACCEPT 127.0.0.1:%d", &port_);
    std::fclose(out);
    BOOST_REQUIRE(port_ != 0);
  }
  ~TlsServer() {
    ::kill(child_, SIGTERM);
    ::waitpid(child_, nullptr, 0);
  }
  TlsServer(const TlsServer&) = delete;
  TlsServer& operator=(const TlsServer&) = delete;

  [[nodiscard]] static std::string certificate() { return (test::folder() / "certificate.pem").string(); }
  [[nodiscard]] net::HttpRequest request(const std::string& host) const {
    net::HttpRequest request;
    request.url = "https://" + host + ":" + std::to_string(port_) + "/";
    request.total_timeout = std::chrono::seconds(20);
    return request;
  }

 private:
  pid_t child_ = -1;
  int port_ = 0;
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_certificate_is_trusted_only_through_the_ca_file_and_only_for_its_host) {
  const TlsServer server;
  auto request = server.request("127.0.0.1");
  BOOST_TEST(net::to_text(net::fetch(request, no_pulse()).fault) == "tls");
  request.ca_file = TlsServer::certificate();
  const auto trusted = net::fetch(request, no_pulse());
  BOOST_TEST_INFO(trusted.fault_text);
  BOOST_TEST(trusted.status == 200);
  auto other = server.request("localhost");
  other.ca_file = TlsServer::certificate();
  BOOST_TEST(net::to_text(net::fetch(other, no_pulse()).fault) == "tls");
  request.ca_file = (test::folder() / "absent.pem").string();
  BOOST_TEST(net::to_text(net::fetch(request, no_pulse()).fault) == "tls");
}
