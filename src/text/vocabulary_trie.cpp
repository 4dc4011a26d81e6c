#include "text/vocabulary_trie.hpp"

#include <algorithm>

namespace dream::text {

VocabularyTrie::VocabularyTrie(std::vector<std::pair<std::string_view, std::int32_t>> entries) {
  std::stable_sort(entries.begin(), entries.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  // Level by level: a node stands for a run of sorted entries that share their first `depth` bytes.
  struct Run {
    std::size_t begin, end, depth, node;
  };
  nodes_.emplace_back();
  labels_.push_back(0);
  std::vector<Run> runs{{0, entries.size(), 0, 0}};
  for (std::size_t next = 0; next < runs.size(); ++next) {
    auto [at, end, depth, node] = runs[next];
    for (; at < end && entries[at].first.size() == depth; ++at) nodes_[node].id = entries[at].second;
    nodes_[node].first_child = static_cast<std::uint32_t>(nodes_.size());
    while (at < end) {
      const char label = entries[at].first[depth];
      auto same = at;
      while (same < end && entries[same].first[depth] == label) ++same;
      runs.push_back({at, same, depth + 1, nodes_.size()});
      nodes_.emplace_back();
      labels_.push_back(label);
      ++nodes_[node].children;
      at = same;
    }
  }
}

VocabularyTrie::Match VocabularyTrie::longest(std::string_view text) const {
  Match best;
  const Node* node = nodes_.data();
  for (std::size_t at = 0;; ++at) {
    if (node->id >= 0) best = {node->id, at};
    if (at == text.size()) return best;
    node = child(*node, text[at]);
    if (node == nullptr) return best;
  }
}

}  // namespace dream::text
