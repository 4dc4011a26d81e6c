#pragma once
#include <curl/curl.h>

#include <chrono>

namespace dream::net {

/// Moves the transfers of one libcurl multi handle on, at a cost that grows with what happens and not with
/// how many are open: epoll says which sockets are ready, and only their transfers are looked at. (With
/// curl_multi_perform() and curl_multi_poll() each reply costs a walk over all of them.)
class SocketLoop {
 public:
  /// Attaches itself to `multi`, which must not be driven in another way. detach() before `multi` goes.
  explicit SocketLoop(CURLM* multi);
  ~SocketLoop();
  SocketLoop(const SocketLoop&) = delete;
  SocketLoop& operator=(const SocketLoop&) = delete;
  void detach();

  /// Starts what was added and serves timers that are due; does not wait.
  void run_due();
  /// Waits until a socket is ready or a timer is due, at most `bound`, and serves them.
  void wait(std::chrono::milliseconds bound);

 private:
  using Clock = std::chrono::steady_clock;
  static int on_socket(CURL* easy, curl_socket_t socket, int what, void* self, void* known);
  static int on_timer(CURLM* multi, long timeout_ms, void* self);

  CURLM* multi_;
  int epoll_ = -1;
  Clock::time_point due_ = Clock::time_point::max();  ///< of libcurl's one timer
};

}  // namespace dream::net
