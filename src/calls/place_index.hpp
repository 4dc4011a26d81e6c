#pragma once
#include <cstdint>
#include <functional>
#include <vector>

#include "base/digest.hpp"

namespace dream::calls {

/// Where records begin, by key, at 16 bytes a record: a job of millions of calls keeps its index in memory.
/// Half of the key stands here; the whole one is in the record, so the caller says which candidate is meant.
class PlaceIndex {
 public:
  void add(const Digest& key, std::uint64_t offset);

  /// Calls `matches` with the offset of each record that may have this key, the newest first, until it says
  /// yes.
  void find(const Digest& key, const std::function<bool(std::uint64_t)>& matches) const;

 private:
  struct Entry {
    std::uint64_t key = 0;
    std::uint64_t offset = 0;
    bool operator<(const Entry& other) const {
      return key != other.key ? key < other.key : offset > other.offset;
    }
  };
  /// Sorted, each longer than the next but the last, which is still unsorted.
  std::vector<std::vector<Entry>> runs_{1};
};

}  // namespace dream::calls
