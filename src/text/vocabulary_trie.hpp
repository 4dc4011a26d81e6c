#pragma once
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace dream::text {

/// Finds the longest entry that a text begins with, one step per byte.
class VocabularyTrie {
 public:
  /// entries: (spelling, id). Of equal spellings the last one counts.
  explicit VocabularyTrie(std::vector<std::pair<std::string_view, std::int32_t>> entries);

  struct Match {
    std::int32_t id = -1;  ///< -1: no entry
    std::size_t bytes = 0;
  };
  [[nodiscard]] Match longest(std::string_view text) const;

 private:
  struct Node {
    std::int32_t id = -1;
    std::uint32_t first_child = 0;
    std::uint32_t children = 0;
  };
  // A node's children lie together; labels_[i] is the byte that leads to node i.
  std::vector<Node> nodes_;
  std::vector<char> labels_;
};

}  // namespace dream::text
