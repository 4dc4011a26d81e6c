#pragma once
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/errors.hpp"

namespace dream {

/// Raw bytes on their way between ranks or processes.
using Bytes = std::vector<char>;

template <class T>
concept Plain = std::is_trivially_copyable_v<T> && !std::is_pointer_v<T>;

/// Writes values one after the other; Unpacker reads them back in the same order. For messages between
/// processes of one job on one kind of machine: no versions, no byte order.
class Packer {
 public:
  template <Plain T>
  Packer& put(const T& value) {
    const char* raw = reinterpret_cast<const char*>(&value);
    bytes_.insert(bytes_.end(), raw, raw + sizeof(T));
    return *this;
  }
  Packer& put(std::string_view text) {
    put(static_cast<std::int64_t>(text.size()));
    bytes_.insert(bytes_.end(), text.begin(), text.end());
    return *this;
  }
  Packer& put(const std::string& text) { return put(std::string_view(text)); }
  Packer& put(const char* text) { return put(std::string_view(text)); }
  template <class T>
  Packer& put(const std::vector<T>& values) {
    put(static_cast<std::int64_t>(values.size()));
    for (const auto& value : values) put(value);
    return *this;
  }
  [[nodiscard]] Bytes take() { return std::move(bytes_); }

 private:
  Bytes bytes_;
};

/// Reads what a Packer wrote. Throws InternalError when the bytes end too early.
class Unpacker {
 public:
  explicit Unpacker(std::string_view bytes) : rest_(bytes) {}
  explicit Unpacker(const Bytes& bytes) : rest_(bytes.data(), bytes.size()) {}

  template <class T>
  [[nodiscard]] T get() {
    T value{};
    read(value);
    return value;
  }
  [[nodiscard]] bool done() const { return rest_.empty(); }

 private:
  template <Plain T>
  void read(T& value) {
    DREAM_CHECK(rest_.size() >= sizeof(T), "message ends inside a value");
    std::memcpy(&value, rest_.data(), sizeof(T));
    rest_.remove_prefix(sizeof(T));
  }
  void read(std::string& text) {
    const auto size = static_cast<std::size_t>(get<std::int64_t>());
    DREAM_CHECK(rest_.size() >= size, "message ends inside a text");
    text.assign(rest_.substr(0, size));
    rest_.remove_prefix(size);
  }
  template <class T>
  void read(std::vector<T>& values) {
    values.resize(static_cast<std::size_t>(get<std::int64_t>()));
    for (auto& value : values) read(value);
  }

  std::string_view rest_;
};

}  // namespace dream
