#pragma once
#include <sys/types.h>

#include <filesystem>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace dream::corpus {

/// An open file descriptor that closes itself.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor();
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_ = -1;
};

/// How a process ended: a signal (> 0) or an exit status.
struct ProcessEnd {
  int signal = 0;
  int status = 0;
  std::string errors;  ///< the tail of what it wrote to stderr
};

/// A child process: one stream socket as its stdin and stdout, an empty environment, stderr kept in memory.
/// Killed when this object goes. Made with posix_spawn, which is safe in a process with threads and pinned
/// MPI memory.
class ReaderProcess {
 public:
  /// Throws CorpusError when the program cannot be started.
  ReaderProcess(const std::filesystem::path& program, const std::vector<std::string>& arguments);
  ~ReaderProcess();
  ReaderProcess(const ReaderProcess&) = delete;
  ReaderProcess& operator=(const ReaderProcess&) = delete;

  enum class Io { some, none, closed };
  [[nodiscard]] int socket() const { return socket_.get(); }
  /// Sends a prefix of `bytes`, without blocking and without SIGPIPE; removes it from `bytes`.
  Io send(std::span<const char>& bytes);
  /// Appends what has arrived, at most a block, without blocking.
  Io receive(std::string& to);
  /// CPU seconds that the process has used.
  [[nodiscard]] double cpu_seconds() const;
  /// Kills it if it still runs, waits for it, and says how it ended.
  ProcessEnd end();

 private:
  Descriptor socket_;
  Descriptor errors_;
  pid_t pid_ = -1;
};

}  // namespace dream::corpus
