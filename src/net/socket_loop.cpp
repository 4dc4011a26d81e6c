#include "net/socket_loop.hpp"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/errors.hpp"

namespace dream::net {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t most_events = 256;

void check(CURLMcode code) { DREAM_CHECK(code == CURLM_OK, curl_multi_strerror(code)); }

void serve(CURLM* multi, curl_socket_t socket, int events) {
  int active = 0;
  check(curl_multi_socket_action(multi, socket, events, &active));
}

int curl_events(std::uint32_t events) {
  int out = 0;
  if ((events & EPOLLIN) != 0) out |= CURL_CSELECT_IN;
  if ((events & EPOLLOUT) != 0) out |= CURL_CSELECT_OUT;
  if ((events & (EPOLLERR | EPOLLHUP)) != 0) out |= CURL_CSELECT_ERR;
  return out;
}

}  // namespace

SocketLoop::SocketLoop(CURLM* multi) : multi_(multi), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
  DREAM_CHECK(epoll_ >= 0, "epoll_create1 failed");
  check(curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &SocketLoop::on_socket));
  check(curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this));
  check(curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &SocketLoop::on_timer));
  check(curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this));
}

SocketLoop::~SocketLoop() { ::close(epoll_); }

void SocketLoop::detach() {
  curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, nullptr);
  curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, nullptr);
}

int SocketLoop::on_socket(CURL*, curl_socket_t socket, int what, void* self, void*) {
  const int epoll = static_cast<SocketLoop*>(self)->epoll_;
  if (what == CURL_POLL_REMOVE) {
    ::epoll_ctl(epoll, EPOLL_CTL_DEL, socket, nullptr);
    return 0;
  }
  epoll_event event{};
  event.data.fd = socket;
  if (what == CURL_POLL_IN || what == CURL_POLL_INOUT) event.events |= EPOLLIN;
  if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT) event.events |= EPOLLOUT;
  // A socket may have been closed and its number given out again without word.
  if (::epoll_ctl(epoll, EPOLL_CTL_MOD, socket, &event) != 0 && errno == ENOENT)
    ::epoll_ctl(epoll, EPOLL_CTL_ADD, socket, &event);
  return 0;
}

int SocketLoop::on_timer(CURLM*, long timeout_ms, void* self) {
  static_cast<SocketLoop*>(self)->due_ =
      timeout_ms < 0 ? Clock::time_point::max() : Clock::now() + milliseconds(timeout_ms);
  return 0;
}

void SocketLoop::run_due() {
  if (due_ > Clock::now()) return;
  due_ = Clock::time_point::max();  // libcurl sets the next one while it is served
  serve(multi_, CURL_SOCKET_TIMEOUT, 0);
}

void SocketLoop::wait(milliseconds bound) {
  if (due_ != Clock::time_point::max())
    bound = std::min(bound, std::chrono::ceil<milliseconds>(due_ - Clock::now()));
  std::array<epoll_event, most_events> events;
  const int ready = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()),
                                 static_cast<int>(std::max<std::int64_t>(0, bound.count())));
  for (int i = 0; i < ready; ++i) {
    const auto& event = events[static_cast<std::size_t>(i)];
    serve(multi_, event.data.fd, curl_events(event.events));
  }
  run_due();
}

}  // namespace dream::net
