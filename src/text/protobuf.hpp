#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

namespace dream::text {

/// Walks over the fields of one protocol-buffers message, whose bytes are not trusted.
class ProtobufReader {
 public:
  explicit ProtobufReader(std::string_view message) : rest_(message) {}

  struct Field {
    std::uint64_t number = 0;
    std::uint64_t value = 0;  ///< of a varint or of 4 or 8 bytes (little-endian)
    std::string_view bytes;   ///< of a string or a message
  };
  /// The next field; nothing at the end, and at bytes that are no message (then broken()).
  [[nodiscard]] std::optional<Field> next();
  [[nodiscard]] bool broken() const { return broken_; }

 private:
  std::optional<std::uint64_t> varint();
  std::optional<std::string_view> take(std::uint64_t bytes);

  std::string_view rest_;
  bool broken_ = false;
};

}  // namespace dream::text
