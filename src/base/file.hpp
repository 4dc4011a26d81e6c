#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace dream {

/// The whole file. Throws CorpusError naming the path and the system's reason.
[[nodiscard]] std::string read_file(const std::filesystem::path& path);

/// A part of a file; fewer bytes where the file ends. Throws as read_file().
[[nodiscard]] std::string read_file_part(const std::filesystem::path& path, std::int64_t offset,
                                         std::int64_t bytes);

/// The file block by block, for those that are too long to hold. Throws as read_file().
void read_blocks(const std::filesystem::path& path, const std::function<void(std::string_view)>& visit);

/// Writes beside `path`, syncs, and renames, so that a reader sees the old bytes or the new ones, never a
/// part. Throws StateError.
void write_file(const std::filesystem::path& path, std::string_view bytes);

/// Syncs a file's bytes to its disk. Throws StateError.
void sync_file(const std::filesystem::path& path);

/// Syncs a folder, so that a rename in it survives a power cut. Throws StateError.
void sync_folder(const std::filesystem::path& folder);

}  // namespace dream
