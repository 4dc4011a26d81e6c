#include "tests/support/stand_in/mesh.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

#include "tests/support/stand_in/control.hpp"

namespace {

constexpr int tick_ms = 10;  // how soon an abort is seen

struct Header {
  std::uint64_t bytes;
  std::uint32_t verb;
  std::uint32_t edges;
};

/// An address without a file: it goes with the last process that holds it.
socklen_t address_of(const std::string& name, int rank, sockaddr_un& address) {
  address = {};
  address.sun_family = AF_UNIX;
  const auto text = name + "-" + std::to_string(rank);
  const auto length = std::min(text.size(), sizeof address.sun_path - 1);
  std::memcpy(address.sun_path + 1, text.data(), length);
  return static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + length);
}

/// The bytes of messages that lie one after the other on a socket, as runs of memory.
class Runs {
 public:
  void add(char* data, std::size_t bytes) {
    if (bytes > 0) runs_.push_back({data, bytes});
  }
  void add_payload(const Mesh::Message& message, bool edges) {
    const auto edge = static_cast<std::size_t>(dream::stand_in::edge_bytes);
    if (!edges || message.bytes <= 2 * edge) return add(message.data, message.bytes);
    add(message.data, edge);
    add(message.data + message.bytes - edge, edge);
  }
  bool done() const { return at_ == runs_.size(); }
  char* data() const { return runs_[at_].data; }
  std::size_t bytes() const { return runs_[at_].bytes; }
  void advance(std::size_t bytes) {
    runs_[at_].data += bytes;
    runs_[at_].bytes -= bytes;
    if (runs_[at_].bytes == 0) ++at_;
  }

 private:
  struct Run {
    char* data;
    std::size_t bytes;
  };
  std::vector<Run> runs_;
  std::size_t at_ = 0;
};

/// One peer's part of an exchange.
class Line {
 public:
  Line(int socket, const Mesh::Traffic& traffic, bool edges)
      : socket_(socket), in_(traffic.in), edges_(edges) {
    headers_.reserve(traffic.out.size());
    for (const auto& message : traffic.out) {
      auto& header = headers_.emplace_back(Header{message.bytes, message.verb, edges ? 1U : 0U});
      out_.add(reinterpret_cast<char*>(&header), sizeof header);
      out_.add_payload(message, edges);
    }
    expect_header();
  }

  bool done() const { return out_.done() && incoming_.done(); }
  short wishes() const {
    return static_cast<short>((out_.done() ? 0 : POLLOUT) | (incoming_.done() ? 0 : POLLIN));
  }
  Mesh::End progress(short events) {
    if ((events & POLLOUT) != 0 && !send_some()) return Mesh::End::peer_lost;
    if ((events & (POLLIN | POLLHUP | POLLERR)) != 0 && !incoming_.done()) return receive_some();
    return Mesh::End::done;
  }

 private:
  bool send_some() {
    while (!out_.done()) {
      const auto sent = ::send(socket_, out_.data(), out_.bytes(), MSG_NOSIGNAL);
      if (sent < 0) return errno == EAGAIN || errno == EINTR;
      out_.advance(static_cast<std::size_t>(sent));
    }
    return true;
  }
  Mesh::End receive_some() {
    while (!incoming_.done()) {
      const auto got = ::recv(socket_, incoming_.data(), incoming_.bytes(), 0);
      if (got == 0) return Mesh::End::peer_lost;
      if (got < 0) return errno == EAGAIN || errno == EINTR ? Mesh::End::done : Mesh::End::peer_lost;
      incoming_.advance(static_cast<std::size_t>(got));
      if (incoming_.done() && !next()) return Mesh::End::disagree;
    }
    return Mesh::End::done;
  }
  /// After a header its payload, after a payload the next header. False when the ends mean different things.
  bool next() {
    if (in_header_) {
      const auto& message = in_[at_];
      if (header_.bytes != message.bytes || header_.verb != message.verb ||
          header_.edges != (edges_ ? 1U : 0U))
        return false;
      in_header_ = false;
      incoming_ = {};
      incoming_.add_payload(message, edges_);
      if (!incoming_.done()) return true;
    }
    ++at_;
    expect_header();
    return true;
  }
  void expect_header() {
    incoming_ = {};
    in_header_ = at_ < in_.size();
    if (in_header_) incoming_.add(reinterpret_cast<char*>(&header_), sizeof header_);
  }

  int socket_;
  const std::vector<Mesh::Message>& in_;
  bool edges_;
  std::vector<Header> headers_;
  Runs out_;
  Runs incoming_;
  Header header_{};
  bool in_header_ = false;
  std::size_t at_ = 0;
};

}  // namespace

Mesh::Mesh(std::string name, int rank, int size, const std::atomic<bool>& aborted)
    : name_(std::move(name)), rank_(rank), aborted_(aborted), sockets_(static_cast<std::size_t>(size), -1) {
  listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  sockaddr_un address;
  const auto length = address_of(name_, rank, address);
  if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), length) != 0 || ::listen(listener_, size) != 0)
    return;
  for (int peer = 0; peer < rank; ++peer) {
    if (!connect_to(peer)) return;
  }
  complete_ = accept_rest();
}

Mesh::~Mesh() {
  for (const int socket : sockets_) {
    if (socket >= 0) ::close(socket);
  }
  ::close(listener_);
}

bool Mesh::connect_to(int peer) {
  sockaddr_un address;
  const auto length = address_of(name_, peer, address);
  while (!aborted_) {
    const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (::connect(socket, reinterpret_cast<sockaddr*>(&address), length) == 0) {
      if (::send(socket, &rank_, sizeof rank_, MSG_NOSIGNAL) != sizeof rank_) return false;
      ::fcntl(socket, F_SETFL, O_NONBLOCK);
      sockets_[static_cast<std::size_t>(peer)] = socket;
      return true;
    }
    ::close(socket);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));  // it is not there yet
  }
  return false;
}

bool Mesh::accept_rest() {
  for (auto left = std::ssize(sockets_) - rank_ - 1; left > 0;) {
    if (aborted_) return false;
    pollfd waiting{listener_, POLLIN, 0};
    if (::poll(&waiting, 1, tick_ms) <= 0) continue;
    const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    int peer = -1;
    if (socket < 0 || ::recv(socket, &peer, sizeof peer, MSG_WAITALL) != sizeof peer) return false;
    ::fcntl(socket, F_SETFL, O_NONBLOCK);
    sockets_[static_cast<std::size_t>(peer)] = socket;
    --left;
  }
  return true;
}

Mesh::End Mesh::exchange(const std::vector<Traffic>& by_peer, bool edges) {
  std::vector<Line> lines;
  lines.reserve(by_peer.size());  // a line points into itself
  for (std::size_t peer = 0; peer < by_peer.size(); ++peer) {
    if (static_cast<int>(peer) != rank_) lines.emplace_back(sockets_[peer], by_peer[peer], edges);
  }
  std::vector<pollfd> waiting(lines.size());
  for (;;) {
    if (aborted_) return End::aborted;
    if (std::ranges::all_of(lines, &Line::done)) return End::done;
    std::size_t at = 0;
    for (std::size_t peer = 0; peer < by_peer.size(); ++peer) {
      if (static_cast<int>(peer) == rank_) continue;
      const short wishes = lines[at].wishes();
      waiting[at++] = {wishes == 0 ? -1 : sockets_[peer], wishes, 0};
    }
    if (::poll(waiting.data(), waiting.size(), tick_ms) <= 0) continue;
    for (std::size_t i = 0; i < lines.size(); ++i) {
      if (waiting[i].fd < 0 || waiting[i].revents == 0) continue;
      if (const auto end = lines[i].progress(waiting[i].revents); end != End::done) return end;
    }
  }
}
