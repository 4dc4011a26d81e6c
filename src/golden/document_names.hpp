#pragma once
#include <cstddef>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace dream::golden {

/// Finds the documents that a golden source means. Views: the caller keeps the names.
class DocumentIndex {
 public:
  explicit DocumentIndex(std::vector<std::string_view> names);

  /// Indices of names. Those equal to the source; only when there are none: those with the same last part of
  /// the path, with or without its ending ("12" means "pages/12.txt"), and for a pattern (*, ?) those that it
  /// fits, whole or by their last part. A pattern costs a look at every name.
  [[nodiscard]] std::vector<std::size_t> find(std::string_view source) const;

 private:
  using Table = std::unordered_multimap<std::string_view, std::size_t>;
  std::vector<std::string_view> names_;
  Table exact_;
  Table parts_;  ///< last parts, and last parts without their endings
};

/// The name behind the last slash.
[[nodiscard]] std::string_view last_part(std::string_view path);

}  // namespace dream::golden
