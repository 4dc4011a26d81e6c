#include "reader/preloaded_files.hpp"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <string>
#include <string_view>
#include <system_error>
#include <unordered_map>

namespace dream::reader {
namespace {

struct Mapping {
  void* data = nullptr;
  std::size_t size = 0;
};

/// The one table behind fopen() of this process: an interposed C function has no other place for it.
std::unordered_map<std::string, Mapping>& table() {
  static std::unordered_map<std::string, Mapping> files;
  return files;
}

Mapping map_file(const char* path) {
  const int fd = ::open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return {};
  struct stat facts {};
  Mapping mapping;
  if (::fstat(fd, &facts) == 0 && S_ISREG(facts.st_mode) && facts.st_size > 0) {
    const auto size = static_cast<std::size_t>(facts.st_size);
    void* data = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (data != MAP_FAILED) mapping = {data, size};
  }
  ::close(fd);
  return mapping;
}

}  // namespace

std::size_t preload_files(const std::filesystem::path& folder) {
  namespace fs = std::filesystem;
  std::error_code code;
  for (fs::recursive_directory_iterator it(folder, code), end; !code && it != end; it.increment(code)) {
    if (!it->is_regular_file(code)) continue;
    const auto mapping = map_file(it->path().c_str());
    if (mapping.data != nullptr) table()[it->path().string()] = mapping;
  }
  return table().size();
}

/// fmemopen() for a preloaded path, nullptr for any other.
FILE* open_preloaded(const char* path, const char* mode) {
  if (mode == nullptr || mode[0] != 'r' || std::string_view(mode).find('+') != std::string_view::npos)
    return nullptr;
  const auto found = table().find(path);
  if (found == table().end()) return nullptr;
  return ::fmemopen(found->second.data, found->second.size, "r");
}

}  // namespace dream::reader

/// Takes the place of the C library's fopen() in this program and in the libraries that it links.
extern "C" FILE* fopen(const char* path, const char* mode) {
  if (FILE* file = dream::reader::open_preloaded(path, mode)) return file;
  using Fopen = FILE* (*)(const char*, const char*);
  static const auto next = reinterpret_cast<Fopen>(::dlsym(RTLD_NEXT, "fopen"));
  if (next == nullptr) {
    errno = ENOSYS;
    return nullptr;
  }
  return next(path, mode);
}
