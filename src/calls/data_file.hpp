#pragma once
#include <cstdint>
#include <filesystem>
#include <string>

namespace dream::calls {

/// An open file of the store: its descriptor, and reading at any place.
class DataFile {
 public:
  DataFile() = default;
  /// `flags` as of open(2). Throws StateError: "cannot <purpose>: <why>".
  DataFile(std::filesystem::path path, int flags, const char* purpose);
  ~DataFile();
  DataFile(DataFile&& other) noexcept;
  DataFile& operator=(DataFile&& other) noexcept;

  [[nodiscard]] bool is_open() const { return number_ >= 0; }
  [[nodiscard]] int number() const { return number_; }

  /// `count` bytes, or fewer at the end of the file. Throws StateError.
  [[nodiscard]] std::string read_at(std::uint64_t offset, std::size_t count) const;
  /// Appends, or writes at the descriptor's place. Throws StateError.
  void write(std::string_view bytes) const;

 private:
  std::filesystem::path path_;
  int number_ = -1;
};

}  // namespace dream::calls
