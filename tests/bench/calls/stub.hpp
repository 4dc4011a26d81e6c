#pragma once
#include <chrono>
#include <cstdint>

namespace dream::bench {

struct StubOptions {
  int port = 0;  ///< 0: a free one
  std::chrono::milliseconds latency{0};
};

/// An OpenAI-compatible chat endpoint that costs next to nothing, on 127.0.0.1 and one thread: replies are
/// made of fixed pieces, one for each kind of request, so that the client is what is measured. It answers a
/// request `latency` after it has all of it. GET /stats says what it was asked.
class Stub {
 public:
  explicit Stub(StubOptions options);
  ~Stub();
  Stub(const Stub&) = delete;
  Stub& operator=(const Stub&) = delete;

  [[nodiscard]] int port() const { return port_; }
  /// Serves until SIGTERM ends the process.
  [[noreturn]] void serve();

 private:
  struct Impl;
  Impl* impl_;
  int port_ = 0;
};

}  // namespace dream::bench
