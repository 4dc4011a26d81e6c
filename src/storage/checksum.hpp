#pragma once
#include <string>
#include <string_view>

/// The sums that S3 speaks. Identities of documents are another thing: base/digest.hpp.
namespace dream::storage {

/// The raw 32 bytes.
[[nodiscard]] std::string sha256(std::string_view text);
[[nodiscard]] std::string hmac_sha256(std::string_view key, std::string_view text);
[[nodiscard]] std::string hex(std::string_view bytes);

/// MD5 of a run of bytes that comes in blocks: ETags are made of it.
class Md5 {
 public:
  Md5();
  ~Md5();
  Md5(const Md5&) = delete;
  Md5& operator=(const Md5&) = delete;
  void add(std::string_view block);
  [[nodiscard]] std::string finish();  ///< the raw 16 bytes

 private:
  void* context_;
};

}  // namespace dream::storage
