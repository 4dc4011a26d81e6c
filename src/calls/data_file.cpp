#include "calls/data_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/access.hpp"
#include "base/errors.hpp"

namespace dream::calls {

DataFile::DataFile(std::filesystem::path path, int flags, const char* purpose) : path_(std::move(path)) {
  number_ = ::open(path_.c_str(), flags | O_CLOEXEC, 0644);
  if (number_ < 0)
    throw StateError(path_.string(), "", std::string("cannot ") + purpose + ": " + why(path_, errno));
}

DataFile::~DataFile() {
  if (number_ >= 0) ::close(number_);
}

DataFile::DataFile(DataFile&& other) noexcept
    : path_(std::move(other.path_)), number_(std::exchange(other.number_, -1)) {}

DataFile& DataFile::operator=(DataFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(number_, other.number_);
  return *this;
}

std::string DataFile::read_at(std::uint64_t offset, std::size_t count) const {
  std::string bytes(count, '\0');
  std::size_t done = 0;
  while (done < bytes.size()) {
    const auto got =
        ::pread(number_, bytes.data() + done, bytes.size() - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw StateError(path_.string(), "", "cannot read: " + why(path_, errno));
    if (got == 0) bytes.resize(done);
    done += static_cast<std::size_t>(got);
  }
  return bytes;
}

void DataFile::write(std::string_view bytes) const {
  while (!bytes.empty()) {
    const auto put = ::write(number_, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) throw StateError(path_.string(), "", "cannot write: " + why(path_, errno));
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
}

}  // namespace dream::calls
