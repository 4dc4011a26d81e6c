#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/digest.hpp"

namespace dream::sweep {

/// Format and identity of a document whose bytes come in blocks. The first block must have 1024 bytes, or
/// all.
class DocumentHasher {
 public:
  explicit DocumentHasher(std::string name);  ///< path or URL: its ending has a say in the format
  void add(std::string_view block);
  [[nodiscard]] std::pair<std::string, Digest> finish();

 private:
  std::string name_;
  std::string format_;
  std::int64_t bytes_ = 0;
  Hasher hasher_;
};

/// Of a document that is in memory and has this format: what DocumentHasher says.
[[nodiscard]] Digest hash_document(std::string_view format, std::string_view bytes);

}  // namespace dream::sweep
