#include "tests/support/fake_http.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <strings.h>
#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <map>
#include <mutex>
#include <stdexcept>
#include <thread>

namespace dream::test {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

sockaddr_in local_address(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

int open_listener(int& port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  auto address = local_address(0);
  socklen_t size = sizeof address;
  if (fd < 0 || ::bind(fd, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(fd, 256) != 0 ||
      ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    throw std::runtime_error("no free port");
  }
  port = ntohs(address.sin_port);
  return fd;
}

std::string header_value(const FakeRequest& request, std::string_view name) {
  for (const auto& line : request.headers) {
    if (line.size() > name.size() && line[name.size()] == ':' &&
        ::strncasecmp(line.data(), name.data(), name.size()) == 0) {
      return line.substr(line.find_first_not_of(' ', name.size() + 1));
    }
  }
  return {};
}

/// Takes a whole request off `bytes`, if there is one.
bool take_request(std::string& bytes, FakeRequest& request) {
  const auto head_end = bytes.find("\r\n\r\n");
  if (head_end == std::string::npos) return false;
  request = {};
  std::size_t at = 0;
  bool first = true;
  while (at < head_end) {
    const auto end = std::min(bytes.find("\r\n", at), head_end);
    const auto line = bytes.substr(at, end - at);
    if (first) {
      const auto blank = line.find(' ');
      request.method = line.substr(0, blank);
      request.path = line.substr(blank + 1, line.rfind(' ') - blank - 1);
    } else {
      request.headers.push_back(line);
    }
    first = false;
    at = end + 2;
  }
  const auto length = static_cast<std::size_t>(std::atoll(header_value(request, "Content-Length").c_str()));
  if (bytes.size() < head_end + 4 + length) return false;
  request.body = bytes.substr(head_end + 4, length);
  bytes.erase(0, head_end + 4 + length);
  return true;
}

std::string whole_reply(const FakeReply& reply, bool head_only) {
  std::string text = "HTTP/1.1 " + std::to_string(reply.status) +
                     " Scripted\r\nContent-Type: " + reply.content_type +
                     "\r\nContent-Length: " + std::to_string(reply.body.size()) + "\r\n";
  for (const auto& line : reply.headers) text += line + "\r\n";
  return text + "\r\n" + (head_only ? "" : reply.body);
}

/// A connection and the reply on its way.
struct Peer {
  std::string in;
  std::string out;
  bool busy = false;  ///< a request is being answered
  FakeReply reply;
  Clock::time_point due;  ///< when the next bytes may go
  bool close_after = false;
};

}  // namespace

struct FakeHttp::Impl {
  Script script;
  int port = 0;
  int listener = -1;
  std::atomic<bool> stop{false};
  std::map<int, Peer> peers;
  mutable std::mutex mutex;  ///< guards what follows
  std::vector<FakeRequest> log;
  int at_once = 0;
  int most = 0;
  int accepted = 0;
  std::thread thread;

  void serve() {
    while (!stop) {
      std::vector<pollfd> fds{{listener, POLLIN, 0}};
      const auto now = Clock::now();
      auto next = now + milliseconds(10);
      for (const auto& [fd, peer] : peers) {
        const bool ready = peer.busy && peer.due <= now;
        if (peer.busy && !ready) next = std::min(next, peer.due);
        fds.push_back({fd, static_cast<short>(ready ? POLLIN | POLLOUT : POLLIN), 0});
      }
      const auto wait = std::chrono::ceil<milliseconds>(next - now).count();
      ::poll(fds.data(), fds.size(), static_cast<int>(wait));
      if ((fds[0].revents & POLLIN) != 0) accept_all();
      for (std::size_t i = 1; i < fds.size(); ++i) serve_one(fds[i].fd, fds[i].revents);
    }
    for (const auto& [fd, peer] : peers) ::close(fd);
    ::close(listener);
  }

  void accept_all() {
    for (;;) {
      const int fd = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) return;
      const int on = 1;
      ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      peers[fd];
      const std::lock_guard lock(mutex);
      ++accepted;
    }
  }

  void serve_one(int fd, short events) {
    auto& peer = peers.at(fd);
    if ((events & (POLLIN | POLLHUP | POLLERR)) != 0 && !read_some(fd, peer)) return drop(fd);
    if (!peer.in.empty() && peer.in.front() == '\x16')
      return drop(fd);  // a TLS handshake, which we do not speak
    FakeRequest request;
    if (!peer.busy && take_request(peer.in, request)) answer(peer, request);
    if (peer.busy && peer.due <= Clock::now() && !write_some(fd, peer)) drop(fd);
  }

  static bool read_some(int fd, Peer& peer) {
    char block[65536];
    for (;;) {
      const auto got = ::recv(fd, block, sizeof block, 0);
      if (got > 0) peer.in.append(block, static_cast<std::size_t>(got));
      if (got == 0) return false;
      if (got < 0) return errno == EAGAIN || errno == EINTR;
    }
  }

  void answer(Peer& peer, const FakeRequest& request) {
    int before = 0;
    {
      const std::lock_guard lock(mutex);
      before = static_cast<int>(log.size());
      log.push_back(request);
      most = std::max(most, ++at_once);
    }
    peer.reply = script(request, before);
    peer.busy = true;
    peer.due = Clock::now() + peer.reply.delay;
    peer.out = peer.reply.how == FakeReply::How::raw ? peer.reply.body
                                                     : whole_reply(peer.reply, request.method == "HEAD");
    if (peer.reply.how == FakeReply::How::cut) peer.out.resize(peer.out.size() - peer.reply.body.size() / 2);
    peer.close_after = peer.reply.how == FakeReply::How::cut || peer.reply.how == FakeReply::How::raw;
  }

  /// False when the connection is over.
  bool write_some(int fd, Peer& peer) {
    if (peer.reply.how == FakeReply::How::reset) {
      const linger hard{1, 0};
      ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
      return false;
    }
    const bool drip = peer.reply.how == FakeReply::How::drip;
    const auto put = ::send(fd, peer.out.data(),
                            drip ? std::min<std::size_t>(1, peer.out.size()) : peer.out.size(), MSG_NOSIGNAL);
    if (put < 0) return errno == EAGAIN || errno == EINTR;
    peer.out.erase(0, static_cast<std::size_t>(put));
    if (drip) peer.due = Clock::now() + milliseconds(20);
    if (!peer.out.empty()) return true;
    peer.busy = false;
    const std::lock_guard lock(mutex);
    --at_once;
    return !peer.close_after;
  }

  void drop(int fd) {
    if (peers.at(fd).busy) {
      const std::lock_guard lock(mutex);
      --at_once;
    }
    peers.erase(fd);
    ::close(fd);
  }
};

FakeHttp::FakeHttp(Script script) : impl_(std::make_unique<Impl>()) {
  impl_->script = std::move(script);
  ::setenv("no_proxy", "127.0.0.1", 1);  // the machine's proxy cannot reach us
  impl_->listener = open_listener(impl_->port);
  impl_->thread = std::thread([this] { impl_->serve(); });
}

FakeHttp::~FakeHttp() {
  impl_->stop = true;
  impl_->thread.join();
}

int FakeHttp::port() const { return impl_->port; }
std::string FakeHttp::url(const std::string& path) const {
  return "http://127.0.0.1:" + std::to_string(impl_->port) + path;
}

std::vector<FakeRequest> FakeHttp::log() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->log;
}

int FakeHttp::most_at_once() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->most;
}

int FakeHttp::connections() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->accepted;
}

int unused_port() {
  int port = 0;
  ::close(open_listener(port));
  return port;
}

std::string chat_reply(const std::string& text, const std::string& finish_reason) {
  return R"({"choices":[{"finish_reason":")" + finish_reason +
         R"(","message":{"role":"assistant","content":")" + text +
         R"("}}],"usage":{"prompt_tokens":7,"completion_tokens":3}})";
}

}  // namespace dream::test
