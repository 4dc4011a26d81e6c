#include "corpus/reader_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/errors.hpp"

namespace dream::corpus {
namespace {

constexpr std::size_t block_size = std::size_t{1} << 18;
constexpr off_t longest_errors = 2000;

[[noreturn]] void fail(const std::filesystem::path& program, const std::string& what, int code) {
  throw CorpusError(program.string(), 0, what + ": " + std::strerror(code));
}

/// The same open file above the three standard descriptors: a parent that had closed its stdin would
/// otherwise hand out numbers that the moves in the child overwrite.
Descriptor lifted(const std::filesystem::path& program, int fd) {
  if (fd < 0) fail(program, "cannot prepare a reader", errno);
  const Descriptor low(fd);
  const int high = ::fcntl(fd, F_DUPFD_CLOEXEC, 3);
  if (high < 0) fail(program, "cannot prepare a reader", errno);
  return Descriptor(high);
}

std::array<Descriptor, 2> socket_pair(const std::filesystem::path& program) {
  int ends[2] = {-1, -1};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    fail(program, "cannot prepare a reader", errno);
  Descriptor second(ends[1]);
  auto ours = lifted(program, ends[0]);
  auto theirs = lifted(program, ::fcntl(second.get(), F_DUPFD_CLOEXEC, 3));
  return {std::move(ours), std::move(theirs)};
}

/// The actions and attributes of posix_spawn, freed together.
struct SpawnPlan {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  SpawnPlan() {
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
  }
  ~SpawnPlan() {
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;
};

pid_t spawn(const std::filesystem::path& program, const std::vector<std::string>& arguments, int socket,
            int errors) {
  SpawnPlan plan;
  posix_spawn_file_actions_adddup2(&plan.actions, socket, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&plan.actions, socket, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&plan.actions, errors, STDERR_FILENO);
  // Its own process group: Ctrl-C and a scheduler's signals are for the rank, which then ends the reader. All
  // signals stay blocked until the reader has made up its mind about them.
  sigset_t all;
  sigfillset(&all);
  posix_spawnattr_setsigmask(&plan.attributes, &all);
  posix_spawnattr_setsigdefault(&plan.attributes, &all);
  posix_spawnattr_setpgroup(&plan.attributes, 0);
  posix_spawnattr_setflags(&plan.attributes,
                           POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  auto name = program.string();
  std::vector<std::string> words = arguments;
  std::vector<char*> argv{name.data()};
  for (auto& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  char* no_environment[] = {nullptr};
  pid_t pid = -1;
  const int code =
      ::posix_spawn(&pid, name.c_str(), &plan.actions, &plan.attributes, argv.data(), no_environment);
  if (code != 0)
    fail(program, "cannot start the document reader (is it installed beside this program?)", code);
  return pid;
}

std::string tail_of(int fd) {
  const off_t size = ::lseek(fd, 0, SEEK_END);
  if (size <= 0) return "";
  const off_t begin = size > longest_errors ? size - longest_errors : 0;
  std::string text(static_cast<std::size_t>(size - begin), '\0');
  const auto got = ::pread(fd, text.data(), text.size(), begin);
  text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  while (!text.empty() && text.back() == '\n') text.pop_back();
  // It may quote the document: no control characters and no half characters in our messages.
  for (auto& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) > 0x7e) c = ' ';
  }
  return text;
}

}  // namespace

Descriptor::~Descriptor() {
  if (fd_ >= 0) ::close(fd_);
}

ReaderProcess::ReaderProcess(const std::filesystem::path& program, const std::vector<std::string>& arguments)
    : errors_(lifted(program, ::memfd_create("dream_reader errors", MFD_CLOEXEC))) {
  auto ends = socket_pair(program);
  pid_ = spawn(program, arguments, ends[1].get(), errors_.get());
  socket_ = std::move(ends[0]);
}

ReaderProcess::~ReaderProcess() {
  if (pid_ > 0) end();
}

ReaderProcess::Io ReaderProcess::send(std::span<const char>& bytes) {
  const auto put = ::send(socket(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (put < 0) return errno == EAGAIN || errno == EINTR ? Io::none : Io::closed;
  bytes = bytes.subspan(static_cast<std::size_t>(put));
  return Io::some;
}

ReaderProcess::Io ReaderProcess::receive(std::string& to) {
  const auto before = to.size();
  to.resize(before + block_size);
  const auto got = ::recv(socket(), to.data() + before, block_size, MSG_DONTWAIT);
  const int code = errno;
  to.resize(before + (got > 0 ? static_cast<std::size_t>(got) : 0));
  if (got > 0) return Io::some;
  return got < 0 && (code == EAGAIN || code == EINTR) ? Io::none : Io::closed;
}

double ReaderProcess::cpu_seconds() const {
  clockid_t clock{};
  timespec time{};
  if (::clock_getcpuclockid(pid_, &clock) != 0 || ::clock_gettime(clock, &time) != 0) return 0;
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

ProcessEnd ReaderProcess::end() {
  // A process that ended by itself keeps its own status: a signal to a zombie changes nothing.
  ::kill(pid_, SIGKILL);
  int status = 0;
  pid_t got = -1;
  do got = ::waitpid(pid_, &status, 0);
  while (got < 0 && errno == EINTR);
  pid_ = -1;
  ProcessEnd how;
  if (got > 0 && WIFSIGNALED(status)) how.signal = WTERMSIG(status);
  if (got > 0 && WIFEXITED(status)) how.status = WEXITSTATUS(status);
  how.errors = tail_of(errors_.get());
  return how;
}

}  // namespace dream::corpus
