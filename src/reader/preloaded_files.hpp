#pragma once
#include <cstddef>
#include <filesystem>

namespace dream::reader {

/// Maps every file below `folder` into memory. From then on this program's fopen() serves these paths from
/// there, for poppler as well (it opens a font's CMap when a page first uses it, and then no file can be
/// opened any more). Returns the number of files; 0 when there is no such folder.
std::size_t preload_files(const std::filesystem::path& folder);

}  // namespace dream::reader
