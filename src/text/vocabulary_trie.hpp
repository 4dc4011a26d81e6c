#pragma once
#include <cstdint>
#include <cstring>
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
  /// The entry that is the whole text, or -1.
  [[nodiscard]] std::int32_t exact(std::string_view text) const {
    const auto match = longest(text);
    return match.bytes == text.size() ? match.id : -1;
  }
  /// visit(Match) for every entry that the text begins with, shortest first; the empty entry is left out.
  template <class Visit>
  void each_prefix(std::string_view text, Visit&& visit) const {
    const Node* node = nodes_.data();
    for (std::size_t at = 0; at < text.size(); ++at) {
      node = child(*node, text[at]);
      if (node == nullptr) return;
      if (node->id >= 0) visit(Match{node->id, at + 1});
    }
  }

 private:
  struct Node {
    std::int32_t id = -1;
    std::uint32_t first_child = 0;
    std::uint32_t children = 0;
  };
  [[nodiscard]] const Node* child(const Node& node, char label) const {
    if (node.children == 0) return nullptr;
    const char* labels = labels_.data() + node.first_child;
    const void* found = std::memchr(labels, label, node.children);
    return found == nullptr ? nullptr
                            : nodes_.data() + node.first_child + (static_cast<const char*>(found) - labels);
  }

  // A node's children lie together; labels_[i] is the byte that leads to node i.
  std::vector<Node> nodes_;
  std::vector<char> labels_;
};

}  // namespace dream::text
