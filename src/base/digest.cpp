#include "base/digest.hpp"

#include <openssl/evp.h>

#include "base/errors.hpp"

namespace dream {
namespace {

EVP_MD_CTX* as_context(void* p) { return static_cast<EVP_MD_CTX*>(p); }

void update(void* context, const void* data, std::size_t size) {
  DREAM_CHECK(EVP_DigestUpdate(as_context(context), data, size) == 1, "SHA-256 refused data");
}

Digest finish_context(EVP_MD_CTX* context) {
  unsigned char full[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  DREAM_CHECK(EVP_DigestFinal_ex(context, full, &size) == 1 && size == 32, "SHA-256 did not finish");
  Digest digest;
  std::memcpy(digest.bytes.data(), full, digest.bytes.size());
  return digest;
}

int nibble(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

}  // namespace

std::string Digest::hex() const {
  static constexpr char digits[] = "0123456789abcdef";
  std::string out;
  out.reserve(2 * bytes.size());
  for (auto byte : bytes) {
    out.push_back(digits[byte >> 4]);
    out.push_back(digits[byte & 15]);
  }
  return out;
}

std::uint64_t Digest::prefix() const {
  std::uint64_t value = 0;
  for (int i = 0; i < 8; ++i) value = value << 8 | bytes[static_cast<std::size_t>(i)];
  return value;
}

Digest parse_digest(std::string_view hex) {
  Digest digest;
  DREAM_CHECK(hex.size() == 2 * digest.bytes.size(), "not a digest: " + std::string(hex));
  for (std::size_t i = 0; i < digest.bytes.size(); ++i) {
    const int high = nibble(hex[2 * i]);
    const int low = nibble(hex[2 * i + 1]);
    DREAM_CHECK(high >= 0 && low >= 0, "not a digest: " + std::string(hex));
    digest.bytes[i] = static_cast<std::uint8_t>(high << 4 | low);
  }
  return digest;
}

Digest digest_of(std::string_view data) {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  EVP_DigestInit_ex(context, EVP_sha256(), nullptr);
  update(context, data.data(), data.size());
  const Digest digest = finish_context(context);
  EVP_MD_CTX_free(context);
  return digest;
}

Hasher::Hasher(std::string_view domain) : context_(EVP_MD_CTX_new()) {
  EVP_DigestInit_ex(as_context(context_), EVP_sha256(), nullptr);
  add(domain);
}

Hasher::~Hasher() { EVP_MD_CTX_free(as_context(context_)); }

Hasher& Hasher::add(std::string_view field) {
  const std::uint64_t size = field.size();
  update(context_, &size, sizeof size);
  update(context_, field.data(), field.size());
  return *this;
}

Hasher& Hasher::add(const Digest& field) {
  return add(std::string_view(reinterpret_cast<const char*>(field.bytes.data()), field.bytes.size()));
}

Hasher& Hasher::add(std::int64_t field) {
  return add(std::string_view(reinterpret_cast<const char*>(&field), sizeof field));
}

Hasher& Hasher::add_raw(std::string_view bytes) {
  update(context_, bytes.data(), bytes.size());
  return *this;
}

Digest Hasher::finish() { return finish_context(as_context(context_)); }

}  // namespace dream
