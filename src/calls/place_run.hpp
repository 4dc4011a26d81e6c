#pragma once
#include <cstddef>
#include <filesystem>
#include <functional>
#include <optional>
#include <vector>

#include "calls/data_file.hpp"
#include "calls/record.hpp"

namespace dream::calls {

/// Places of records, sorted by key, in a file that lives as long as this: it is made by the constructor and
/// removed by the destructor. In memory stays the first key of each page of 128 places.
class PlaceRun {
 public:
  /// Writes what `next` gives, in ascending order of keys, until it gives nothing. Throws StateError.
  PlaceRun(std::filesystem::path path, const std::function<std::optional<RecordPlace>()>& next);
  ~PlaceRun();
  PlaceRun(PlaceRun&& other) noexcept;
  PlaceRun& operator=(PlaceRun&& other) noexcept;

  [[nodiscard]] std::optional<RecordPlace> find(const Digest& key) const;

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::size_t pages() const { return first_keys_.size(); }
  [[nodiscard]] std::vector<RecordPlace> page(std::size_t number) const;

 private:
  std::filesystem::path path_;  ///< empty: moved from
  DataFile file_;
  std::size_t size_ = 0;
  std::vector<Digest> first_keys_;  ///< of the pages
};

/// Both in one. Of two places of one key the newer stays.
[[nodiscard]] PlaceRun merge(std::filesystem::path path, const PlaceRun& newer, const PlaceRun& older);

}  // namespace dream::calls
