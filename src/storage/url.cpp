#include "storage/url.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/errors.hpp"

namespace dream::storage {
namespace {

constexpr std::string_view scheme = "s3://";

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::string Url::text() const { return fmt::format("{}{}/{}", scheme, bucket, key); }

Url Url::below(std::string_view name) const {
  return {bucket,
          key.empty() || key.ends_with('/') ? key + std::string(name) : fmt::format("{}/{}", key, name)};
}

bool is_url(std::string_view text) { return text.starts_with(scheme); }

Url parse_url(std::string_view text) {
  const auto rest = text.substr(std::min(scheme.size(), text.size()));
  const auto slash = rest.find('/');
  Url url{std::string(rest.substr(0, slash)),
          slash == std::string_view::npos ? "" : std::string(rest.substr(slash + 1))};
  // The characters that S3 has ever allowed; the rest would change the address that is spoken to.
  const bool fits = std::ranges::all_of(url.bucket, [](char c) { return is_plain(c) && c != '~'; });
  if (!is_url(text) || url.bucket.empty() || !fits) {
    throw ConfigError(
        fmt::format("\"{}\" names no bucket; write s3://BUCKET/PREFIX, where a bucket's name has letters, "
                    "digits, '-', '.' and '_'",
                    text));
  }
  return url;
}

std::string percent_encode(std::string_view text, bool keep_slash) {
  std::string out;
  for (const char c : text) {
    if (is_plain(c) || (keep_slash && c == '/'))
      out += c;
    else
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

std::string percent_decode(std::string_view text, bool plus_is_space) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 && hex_digit(text[i + 2]) >= 0) {
      out += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
      i += 2;
    } else {
      out += plus_is_space && text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

}  // namespace dream::storage
