#pragma once
#include <cstddef>
#include <filesystem>

/// The user block in front of our HDF5 files: one line with the digest of all that follows. Plain bytes; no
/// HDF5 here.
namespace dream::state::detail {

inline constexpr std::size_t user_block_bytes = 512;

/// Writes the line into the closed file and syncs it.
void seal(const std::filesystem::path& path);

/// Throws StateError unless the file begins with such a line.
void check_finished(const std::filesystem::path& path);

}  // namespace dream::state::detail
