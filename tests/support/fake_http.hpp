#pragma once
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace dream::test {

struct FakeRequest {
  std::string method;
  std::string path;
  std::vector<std::string> headers;  ///< "Name: value"
  std::string body;
};

/// What the server does with a request.
struct FakeReply {
  enum class How {
    whole,  ///< the reply as it should be
    reset,  ///< the connection is torn down (RST) without a byte
    cut,    ///< half of the body, then the end, though Content-Length promised all
    drip,   ///< a byte every 20 ms
    raw     ///< `body` is sent as it is, without status line and headers; then the end
  };
  int status = 200;
  std::string body;
  std::string content_type = "application/json";
  std::vector<std::string> headers{};
  std::chrono::milliseconds delay{0};
  How how = How::whole;
};

/// An HTTP/1.1 server inside the test, on a free port of 127.0.0.1 and a thread of its own. A script answers:
/// it is called on the server's thread, once per request, in order of arrival, with the number of requests
/// before it.
class FakeHttp {
 public:
  using Script = std::function<FakeReply(const FakeRequest& request, int before)>;
  explicit FakeHttp(Script script);
  ~FakeHttp();
  FakeHttp(const FakeHttp&) = delete;
  FakeHttp& operator=(const FakeHttp&) = delete;

  [[nodiscard]] int port() const;
  /// "http://127.0.0.1:PORT" + path
  [[nodiscard]] std::string url(const std::string& path) const;

  /// All requests so far, in order of arrival.
  [[nodiscard]] std::vector<FakeRequest> log() const;
  /// The most requests that were open at one time.
  [[nodiscard]] int most_at_once() const;
  [[nodiscard]] int connections() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// A port of 127.0.0.1 at which nobody listens.
[[nodiscard]] int unused_port();

/// A reply of a chat endpoint with this text.
[[nodiscard]] std::string chat_reply(const std::string& text, const std::string& finish_reason = "stop");

}  // namespace dream::test
