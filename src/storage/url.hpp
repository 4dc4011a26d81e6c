#pragma once
#include <string>
#include <string_view>

namespace dream::storage {

/// "s3://bucket/some/key": what a user writes where else a path stands. The key may be empty (the whole
/// bucket), a prefix, or one object's; it is the plain text, nothing in it is percent-encoded.
struct Url {
  std::string bucket;
  std::string key;

  /// "s3://bucket/key"
  [[nodiscard]] std::string text() const;
  /// The same with `name` below the key: a '/' between them, never two.
  [[nodiscard]] Url below(std::string_view name) const;
  bool operator==(const Url&) const = default;
};

/// Whether a text begins with "s3://".
[[nodiscard]] bool is_url(std::string_view text);

/// Throws ConfigError for a text that names no bucket, or one that no bucket may have.
[[nodiscard]] Url parse_url(std::string_view text);

/// Every byte but A-Z a-z 0-9 - . _ ~ as %XX, upper case; '/' too unless it is kept. What signatures are made
/// of.
[[nodiscard]] std::string percent_encode(std::string_view text, bool keep_slash = false);

/// The reverse; '+' is a space where listings encode it so.
[[nodiscard]] std::string percent_decode(std::string_view text, bool plus_is_space = false);

}  // namespace dream::storage
