#include "state/h5_seal.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/access.hpp"
#include "base/digest.hpp"
#include "base/errors.hpp"
#include "state/h5.hpp"

namespace dream::state {
namespace {

constexpr std::string_view magic = "dream_sweep part v1 ";
constexpr std::size_t digest_digits = 32;
using Block = std::array<char, detail::user_block_bytes>;

/// A file mapped into memory, so that hashing a large one costs no memory of its own.
class MappedFile {
 public:
  MappedFile(const std::filesystem::path& path, int flags)
      : path_(path.string()), fd_(::open(path.c_str(), flags | O_CLOEXEC)) {
    if (fd_ < 0) fail("cannot open");
    struct stat info {};
    if (::fstat(fd_, &info) != 0) fail("cannot stat");
    size_ = static_cast<std::size_t>(info.st_size);
    if (size_ == 0) return;
    void* mapped = ::mmap(nullptr, size_, PROT_READ, MAP_SHARED, fd_, 0);
    if (mapped == MAP_FAILED) fail("cannot map");
    bytes_ = static_cast<const char*>(mapped);
  }
  ~MappedFile() {
    if (bytes_ != nullptr) ::munmap(const_cast<char*>(bytes_), size_);
    if (fd_ >= 0) ::close(fd_);
  }
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  [[nodiscard]] std::string_view bytes() const { return {bytes_, size_}; }

  /// Replaces the first bytes and syncs.
  void overwrite_start(std::span<const char> data) {
    for (std::size_t done = 0; done < data.size();) {
      const auto put = ::pwrite(fd_, data.data() + done, data.size() - done, static_cast<off_t>(done));
      if (put < 0 && errno != EINTR) fail("cannot write the user block");
      if (put > 0) done += static_cast<std::size_t>(put);
    }
    if (::fsync(fd_) != 0) fail("cannot sync");
  }

 private:
  [[noreturn]] void fail(const std::string& what) {
    const auto reason = why(path_, errno);
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
    throw StateError(path_, "", what + ": " + reason);
  }

  std::string path_;
  int fd_ = -1;
  std::size_t size_ = 0;
  const char* bytes_ = nullptr;
};

Block block_for(const Digest& digest) {
  Block block{};
  const std::string line = std::string(magic) + digest.hex() + "\n";
  std::memcpy(block.data(), line.data(), line.size());
  return block;
}

/// Throws unless `bytes` begin with a well-formed line.
void check_line(const std::string& path, std::string_view bytes) {
  const bool whole = bytes.size() >= detail::user_block_bytes && bytes.starts_with(magic) &&
                     bytes[magic.size() + digest_digits] == '\n';
  if (!whole) {
    throw StateError(path, "",
                     "not a finished file of dream_sweep: its first line lacks \"" + std::string(magic) +
                         "<digest>\"; remove the file, and it will be made again");
  }
}

}  // namespace

namespace detail {

void seal(const std::filesystem::path& path) {
  MappedFile file(path, O_RDWR);
  DREAM_CHECK(file.bytes().size() > user_block_bytes,
              "an HDF5 file ends inside its user block: " + path.string());
  file.overwrite_start(block_for(digest_of(file.bytes().substr(user_block_bytes))));
}

void check_finished(const std::filesystem::path& path) {
  const MappedFile file(path, O_RDONLY);
  check_line(path.string(), file.bytes());
}

}  // namespace detail

void verify(const std::filesystem::path& path) {
  const MappedFile file(path, O_RDONLY);
  check_line(path.string(), file.bytes());
  const Digest found = digest_of(file.bytes().substr(detail::user_block_bytes));
  const Block expected = block_for(found);
  if (file.bytes().substr(0, expected.size()) != std::string_view(expected.data(), expected.size())) {
    throw StateError(path.string(), "",
                     "truncated or altered: its content has the digest " + found.hex() +
                         ", its first line says " +
                         std::string(file.bytes().substr(magic.size(), digest_digits)) +
                         "; remove the file, and it will be made again");
  }
}

}  // namespace dream::state
