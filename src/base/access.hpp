#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace dream {

/// Why this process cannot use a path: what the system said, who owns the place where it said so, who asks,
/// and what to do about it.
struct Obstacle {
  std::string path;     ///< as it was given
  int error = 0;        ///< errno
  std::string finding;  ///< "Permission denied: /data is mode 0750 of uid:gid 0:0, this process is 1000:1000"
  std::string remedy;   ///< "run as ..., or ..."
};

/// Opens and reads the beginning of a file or folder, as a later read would. Nothing when that works.
[[nodiscard]] std::optional<Obstacle> obstacle_to_reading(const std::filesystem::path& path);

/// Makes the folder when it is absent, writes `bytes` into a new file `name` there, and syncs it. The file
/// stays.
[[nodiscard]] std::optional<Obstacle> obstacle_to_writing(const std::filesystem::path& folder,
                                                          std::string_view name, std::string_view bytes);

/// The nearest folder above `path`, or `path` itself, that exists.
[[nodiscard]] std::filesystem::path nearest_existing(const std::filesystem::path& path);

/// The words for an errno met at `path`, for callers that tried something themselves.
[[nodiscard]] Obstacle obstacle_of(const std::filesystem::path& path, int error);

/// "<finding>; <remedy>" of that.
[[nodiscard]] std::string why(const std::filesystem::path& path, int error);

}  // namespace dream
