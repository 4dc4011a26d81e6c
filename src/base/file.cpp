#include "base/file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/access.hpp"
#include "base/errors.hpp"

namespace dream {
namespace {

/// An open file descriptor that closes itself.
struct Descriptor {
  int fd;
  explicit Descriptor(int f) : fd(f) {}
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
};

std::string reason() { return std::strerror(errno); }

}  // namespace

void read_blocks(const std::filesystem::path& path, const std::function<void(std::string_view)>& visit) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.fd < 0) throw CorpusError(path.string(), 0, "cannot open: " + reason());
  std::string block(std::size_t{1} << 18, '\0');
  for (;;) {
    const auto got = ::read(file.fd, block.data(), block.size());
    if (got == 0) return;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw CorpusError(path.string(), 0, "cannot read: " + reason());
    visit(std::string_view(block).substr(0, static_cast<std::size_t>(got)));
  }
}

std::string read_file(const std::filesystem::path& path) {
  std::string bytes;
  read_blocks(path, [&bytes](std::string_view block) { bytes += block; });
  return bytes;
}

std::string read_file_part(const std::filesystem::path& path, std::int64_t offset, std::int64_t bytes) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.fd < 0) throw CorpusError(path.string(), 0, "cannot open: " + reason());
  std::string part(static_cast<std::size_t>(bytes), '\0');
  std::size_t filled = 0;
  while (filled < part.size()) {
    const auto got = ::pread(file.fd, part.data() + filled, part.size() - filled,
                             static_cast<off_t>(offset + static_cast<std::int64_t>(filled)));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw CorpusError(path.string(), 0, "cannot read: " + reason());
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
  }
  part.resize(filled);
  return part;
}

void write_file(const std::filesystem::path& path, std::string_view bytes) {
  auto beside = path;
  beside += ".tmp";
  {
    const Descriptor file(::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    if (file.fd < 0) throw StateError(beside.string(), "", "cannot create: " + why(beside, errno));
    while (!bytes.empty()) {
      const auto put = ::write(file.fd, bytes.data(), bytes.size());
      if (put < 0 && errno == EINTR) continue;
      if (put < 0) throw StateError(beside.string(), "", "cannot write: " + why(beside, errno));
      bytes.remove_prefix(static_cast<std::size_t>(put));
    }
    if (::fsync(file.fd) != 0) throw StateError(beside.string(), "", "cannot sync: " + why(beside, errno));
  }
  if (::rename(beside.c_str(), path.c_str()) != 0) {
    throw StateError(path.string(), "", "cannot rename to it: " + why(path, errno));
  }
  sync_folder(path.has_parent_path() ? path.parent_path() : std::filesystem::path("."));
}

void sync_file(const std::filesystem::path& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.fd < 0) throw StateError(path.string(), "", "cannot open: " + reason());
  if (::fsync(file.fd) != 0) throw StateError(path.string(), "", "cannot sync: " + reason());
}

void sync_folder(const std::filesystem::path& folder) {
  const Descriptor handle(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (handle.fd < 0) throw StateError(folder.string(), "", "cannot open folder: " + reason());
  // Some network file systems refuse to sync a folder; they keep renames in order by themselves.
  if (::fsync(handle.fd) != 0 && errno != EINVAL && errno != ENOTSUP) {
    throw StateError(folder.string(), "", "cannot sync folder: " + reason());
  }
}

}  // namespace dream
