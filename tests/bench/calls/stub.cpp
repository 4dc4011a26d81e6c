#include "stub.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <deque>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>

namespace dream::bench {
namespace {

using Clock = std::chrono::steady_clock;

/// What a judge's prompt asks for, by a field of its schema, and a reply that fits; the first that matches.
struct Kind {
  std::string_view mark;
  std::string_view reply;
};
constexpr std::array kinds{
    Kind{R"(\"noncommittal\")", R"({\"question\": \"What is said of NUMBER?\", \"noncommittal\": 0})"},
    Kind{
        R"(\"TP\")",
        R"({\"TP\": [{\"statement\": \"It is NUMBER.\", \"reason\": \"in both\"}], \"FP\": [], \"FN\": []})"},
    Kind{
        R"(\"classifications\")",
        R"({\"classifications\": [{\"statement\": \"It is NUMBER.\", \"reason\": \"it is there\", \"attributed\": 1}]})"},
    Kind{
        R"(\"verdicts\")",
        R"({\"verdicts\": [{\"statement\": \"It is NUMBER.\", \"reason\": \"it is there\", \"verdict\": 1}]})"},
    Kind{R"(\"verdict\")", R"({\"reason\": \"it helps with NUMBER\", \"verdict\": 1})"},
    Kind{R"(\"statements\")", R"({\"statements\": [\"It is NUMBER.\", \"That is all of it.\"]})"},
};
constexpr std::string_view answer =
    "The answer to this question is NUMBER, as the second of the passages says in so many words; the others "
    "speak of something else.";

std::uint32_t hash_of(std::string_view body) {
  return static_cast<std::uint32_t>(std::hash<std::string_view>()(body));
}

/// A function of the body alone, so that a benchmark that is run again gets what it got.
std::string content_for(std::string_view body) {
  std::string content(answer);
  if (body.find("JSON schema") != std::string_view::npos) {
    for (const auto& kind : kinds) {
      if (body.find(kind.mark) == std::string_view::npos) continue;
      content = kind.reply;
      break;
    }
  }
  constexpr std::string_view place = "NUMBER";
  return content.replace(content.find(place), place.size(), std::to_string(hash_of(body)));
}

std::string http(int status, std::string_view body) {
  return fmt::format("HTTP/1.1 {} OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{}",
                     status, body.size(), body);
}

std::string chat_reply(std::string_view body) {
  const auto content = content_for(body);
  return http(
      200,
      fmt::format(
          R"({{"id":"stub-{:08x}","object":"chat.completion","created":1700000000,"model":"stub","choices":[{{"index":0,"message":{{"role":"assistant","content":"{}"}},"logprobs":null,"finish_reason":"stop"}}],"usage":{{"prompt_tokens":{},"completion_tokens":{},"total_tokens":{}}}}})",
          hash_of(body), content, body.size() / 4, content.size() / 4, (body.size() + content.size()) / 4));
}

/// The length of a whole request at the beginning of `bytes`, 0 when there is none; and where its body is.
std::size_t request_in(std::string_view bytes, std::size_t& body_at) {
  const auto head = bytes.find("\r\n\r\n");
  if (head == std::string_view::npos) return 0;
  constexpr std::string_view name = "Content-Length: ";
  std::size_t length = 0;
  const auto at = bytes.substr(0, head).find(name);
  if (at != std::string_view::npos)
    std::from_chars(bytes.data() + at + name.size(), bytes.data() + head, length);
  body_at = head + 4;
  return bytes.size() >= body_at + length ? body_at + length : 0;
}

}  // namespace

struct Stub::Impl {
  struct Connection {
    std::string in;
    std::string out;  ///< what the socket did not take yet
    std::uint64_t generation = 0;
  };
  struct Due {
    Clock::time_point when;
    int fd = -1;
    std::uint64_t generation = 0;
    std::string reply;
  };

  int listener = -1;
  int poll = -1;
  std::chrono::milliseconds latency{0};
  std::unordered_map<int, Connection> connections;
  std::deque<Due> due;  ///< one latency for all: the order of arrival is that of the replies
  std::uint64_t generations = 0;
  std::int64_t requests = 0;
  std::size_t most_open = 0;
  Clock::time_point first;
  Clock::time_point last;

  void watch(int fd, std::uint32_t events, int operation) const {
    epoll_event event{};
    event.events = events;
    event.data.fd = fd;
    ::epoll_ctl(poll, operation, fd, &event);
  }

  void accept_all() {
    for (int fd; (fd = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;) {
      const int on = 1;
      ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      connections[fd].generation = ++generations;
      watch(fd, EPOLLIN, EPOLL_CTL_ADD);
    }
  }

  void drop(int fd) {
    ::close(fd);
    connections.erase(fd);
  }

  void send(int fd, std::string_view reply) {
    auto& connection = connections.at(fd);
    connection.out += reply;
    flush(fd, connection);
  }

  void flush(int fd, Connection& connection) {
    while (!connection.out.empty()) {
      const auto put = ::send(fd, connection.out.data(), connection.out.size(), MSG_NOSIGNAL);
      if (put < 0 && errno == EAGAIN) return watch(fd, EPOLLIN | EPOLLOUT, EPOLL_CTL_MOD);
      if (put < 0) return;  // the reader learns of it
      connection.out.erase(0, static_cast<std::size_t>(put));
    }
    if (connection.out.empty()) watch(fd, EPOLLIN, EPOLL_CTL_MOD);
  }

  [[nodiscard]] std::string stats() const {
    const auto seconds = std::chrono::duration<double>(last - first).count();
    return http(200, fmt::format(R"({{"requests":{},"most_open":{},"seconds":{}}})", requests, most_open,
                                 requests > 0 ? seconds : 0));
  }

  void serve_one(int fd, std::string_view request, std::string_view body) {
    if (request.starts_with("GET ")) {
      return send(fd, request.find("/stats") < request.find('\n') ? stats()
                                                                  : http(200, R"({"data":[{"id":"stub"}]})"));
    }
    const auto now = Clock::now();
    if (requests++ == 0) first = now;
    due.push_back({now + latency, fd, connections.at(fd).generation, chat_reply(body)});
    most_open = std::max(most_open, due.size());
  }

  void read(int fd) {
    std::array<char, 65536> buffer;
    for (;;) {
      const auto got = ::recv(fd, buffer.data(), buffer.size(), 0);
      if (got < 0 && errno == EAGAIN) break;
      if (got <= 0) return drop(fd);
      connections.at(fd).in.append(buffer.data(), static_cast<std::size_t>(got));
      if (static_cast<std::size_t>(got) < buffer.size()) break;
    }
    auto& in = connections.at(fd).in;
    std::size_t body = 0;
    while (const auto size = request_in(in, body)) {
      const auto request = std::string_view(in).substr(0, size);
      serve_one(fd, request, request.substr(body));
      in.erase(0, size);
    }
  }

  void answer_due() {
    const auto now = Clock::now();
    for (; !due.empty() && due.front().when <= now; due.pop_front()) {
      const auto at = connections.find(due.front().fd);
      if (at != connections.end() && at->second.generation == due.front().generation)
        send(due.front().fd, due.front().reply);
      last = now;
    }
  }

  [[nodiscard]] int patience() const {
    if (due.empty()) return -1;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(due.front().when - Clock::now());
    return static_cast<int>(std::max<std::int64_t>(0, left.count()));
  }
};

Stub::Stub(StubOptions options) : impl_(new Impl) {
  impl_->latency = options.latency;
  impl_->listener = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(options.port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::bind(impl_->listener, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      ::listen(impl_->listener, 4096) != 0 ||
      ::getsockname(impl_->listener, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    throw std::runtime_error("the stub gets no port");
  }
  port_ = ntohs(address.sin_port);
  impl_->poll = ::epoll_create1(EPOLL_CLOEXEC);
  impl_->watch(impl_->listener, EPOLLIN, EPOLL_CTL_ADD);
}

Stub::~Stub() { delete impl_; }

void Stub::serve() {
  std::array<epoll_event, 256> events;
  for (;;) {
    const int ready =
        ::epoll_wait(impl_->poll, events.data(), static_cast<int>(events.size()), impl_->patience());
    for (int i = 0; i < ready; ++i) {
      const int fd = events[static_cast<std::size_t>(i)].data.fd;
      const auto what = events[static_cast<std::size_t>(i)].events;
      if (fd == impl_->listener) {
        impl_->accept_all();
        continue;
      }
      if ((what & EPOLLOUT) != 0) impl_->flush(fd, impl_->connections.at(fd));
      if ((what & ~static_cast<std::uint32_t>(EPOLLOUT)) != 0) impl_->read(fd);
    }
    impl_->answer_due();
  }
}

}  // namespace dream::bench
