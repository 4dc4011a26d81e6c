#pragma once
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "calls/place_run.hpp"

namespace dream::calls {

/// Where records lie, by key, in memory that hardly grows: the last 4,096 places are held (128 KiB), older
/// ones lie sorted in files, of which memory keeps a key per 128 places.
class PlaceIndex {
 public:
  /// The files are `<stem>.<number>.places` in `folder`, which is made when the first one is; they are
  /// removed with the index, or by seal() after a kill.
  PlaceIndex(std::filesystem::path folder, std::string stem);

  /// A later place of the same key replaces the earlier one. Throws StateError.
  void add(const RecordPlace& place);
  [[nodiscard]] std::optional<RecordPlace> find(const Digest& key) const;

 private:
  [[nodiscard]] std::filesystem::path next_file();
  void move_to_disk();

  std::filesystem::path folder_;
  std::string stem_;
  std::size_t files_ = 0;
  std::vector<RecordPlace> recent_;  ///< sorted by key
  std::vector<PlaceRun> runs_;       ///< from old to new, each longer than the next
};

}  // namespace dream::calls
