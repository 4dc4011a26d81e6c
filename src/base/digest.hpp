#pragma once
#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

namespace dream {

/// The first 128 bits of a SHA-256: the identity of a document, text, part or call. Cryptographic, because
/// documents come from strangers, and a crafted collision would swap one text for another.
struct Digest {
  std::array<std::uint8_t, 16> bytes{};

  auto operator<=>(const Digest&) const = default;
  /// 32 lower-case hexadecimal digits.
  [[nodiscard]] std::string hex() const;
  /// The first 8 bytes as a number (big-endian), for buckets and hash tables.
  [[nodiscard]] std::uint64_t prefix() const;
};

/// The reverse of Digest::hex(). Throws InternalError on anything else.
[[nodiscard]] Digest parse_digest(std::string_view hex);

/// SHA-256 of one run of bytes.
[[nodiscard]] Digest digest_of(std::string_view data);

/// Hashes a sequence of fields. Every field goes in with its length, so ("ab","c") and ("a","bc") differ.
class Hasher {
 public:
  /// `domain` separates kinds of keys from each other, e.g. "stage/chunk" or "call".
  explicit Hasher(std::string_view domain);
  ~Hasher();
  Hasher(const Hasher&) = delete;
  Hasher& operator=(const Hasher&) = delete;

  Hasher& add(std::string_view field);
  Hasher& add(const Digest& field);
  Hasher& add(std::int64_t field);
  /// Bytes of a field that is too long to hold: its length must be added as a field of its own.
  Hasher& add_raw(std::string_view bytes);
  /// Ends the sequence; the hasher must not be used afterwards.
  [[nodiscard]] Digest finish();

 private:
  void* context_;
};

}  // namespace dream

template <>
struct std::hash<dream::Digest> {
  std::size_t operator()(const dream::Digest& d) const noexcept {
    std::size_t value = 0;
    std::memcpy(&value, d.bytes.data(), sizeof value);
    return value;
  }
};
