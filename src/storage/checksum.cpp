#include "storage/checksum.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/errors.hpp"

namespace dream::storage {
namespace {

const unsigned char* raw(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

std::string sha256(std::string_view text) {
  std::string out(32, '\0');
  unsigned int size = 0;
  const int done = EVP_Digest(text.data(), text.size(), reinterpret_cast<unsigned char*>(out.data()), &size,
                              EVP_sha256(), nullptr);
  DREAM_CHECK(done == 1 && size == out.size(), "SHA-256 failed");
  return out;
}

std::string hmac_sha256(std::string_view key, std::string_view text) {
  std::string out(32, '\0');
  unsigned int size = 0;
  const auto* done = HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), raw(text), text.size(),
                          reinterpret_cast<unsigned char*>(out.data()), &size);
  DREAM_CHECK(done != nullptr && size == out.size(), "HMAC failed");
  return out;
}

std::string hex(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (const char c : bytes) {
    out += digits[static_cast<unsigned char>(c) >> 4];
    out += digits[static_cast<unsigned char>(c) & 15];
  }
  return out;
}

Md5::Md5() : context_(EVP_MD_CTX_new()) {
  DREAM_CHECK(EVP_DigestInit_ex(static_cast<EVP_MD_CTX*>(context_), EVP_md5(), nullptr) == 1, "no MD5 here");
}

Md5::~Md5() { EVP_MD_CTX_free(static_cast<EVP_MD_CTX*>(context_)); }

void Md5::add(std::string_view block) {
  DREAM_CHECK(EVP_DigestUpdate(static_cast<EVP_MD_CTX*>(context_), block.data(), block.size()) == 1,
              "MD5 failed");
}

std::string Md5::finish() {
  std::string out(16, '\0');
  DREAM_CHECK(EVP_DigestFinal_ex(static_cast<EVP_MD_CTX*>(context_),
                                 reinterpret_cast<unsigned char*>(out.data()), nullptr) == 1,
              "MD5 failed");
  return out;
}

}  // namespace dream::storage
