#include "jobs/terminal.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>

#include "comm/mpi.hpp"

namespace dream::jobs {
namespace {

bool is_pipe(int file) {
  struct stat about {};
  return ::fstat(file, &about) == 0 && S_ISFIFO(about.st_mode);
}

}  // namespace

int Terminal::columns() const {
  winsize size{};
  return ::ioctl(file, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

std::optional<Terminal> find_terminal() {
  const char* term = std::getenv("TERM");
  if (term == nullptr || std::string_view(term) == "dumb") return std::nullopt;
  if (::isatty(STDERR_FILENO) != 0) return Terminal{STDERR_FILENO};
  if (!comm::launched_by_mpi() || !is_pipe(STDERR_FILENO)) return std::nullopt;
  const auto launchers = fmt::format("/proc/{}/fd/{}", ::getppid(), STDERR_FILENO);
  const int file = ::open(launchers.c_str(), O_WRONLY | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) return std::nullopt;
  if (::isatty(file) != 0) return Terminal{file};
  ::close(file);
  return std::nullopt;
}

}  // namespace dream::jobs
