#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

/// A socket between every two ranks of one host, and messages over them, as NCCL's ranks would exchange.
class Mesh {
 public:
  enum class End { done, aborted, peer_lost, disagree };

  struct Message {
    char* data = nullptr;  ///< read when it is sent, written when it is received
    std::uint64_t bytes = 0;
    std::uint32_t verb = 0;  ///< both ends must mean the same
  };
  /// Of one peer, each in its order.
  struct Traffic {
    std::vector<Message> out, in;
  };

  /// Meets the others under `name`. Ends early once `aborted`.
  Mesh(std::string name, int rank, int size, const std::atomic<bool>& aborted);
  ~Mesh();
  Mesh(const Mesh&) = delete;
  Mesh& operator=(const Mesh&) = delete;

  [[nodiscard]] bool complete() const { return complete_; }
  /// All of it, in both directions at once. With `edges` only the first and last bytes of a message travel.
  [[nodiscard]] End exchange(const std::vector<Traffic>& by_peer, bool edges);

 private:
  [[nodiscard]] bool connect_to(int peer);
  [[nodiscard]] bool accept_rest();

  std::string name_;
  int rank_;
  const std::atomic<bool>& aborted_;
  int listener_ = -1;
  std::vector<int> sockets_;
  bool complete_ = false;
};
