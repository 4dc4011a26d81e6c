#pragma once
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

namespace dream::fuzz {

/// A folder in memory (/dev/shm) for readers that want several files; gone with the process.
class Folder {
 public:
  Folder() : path_("/dev/shm/dream_fuzz_" + std::to_string(::getpid())) { clear(); }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  void clear() const {
    std::filesystem::remove_all(path_);
    std::filesystem::create_directory(path_);
  }
  void write(const std::string& name, std::string_view bytes) const {
    const auto file = path_ / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << bytes;
  }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace dream::fuzz
