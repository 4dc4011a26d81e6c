#pragma once
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/pulse.hpp"

namespace dream::corpus {

struct SourceFile {
  std::filesystem::path path;
  std::string name;  ///< relative to its source, with '/'; the file's own name when the source is a file
  std::int64_t bytes = 0;  ///< when it was listed; 0 for a link that leads nowhere
};

/// The files of all sources, folders with everything below them, sorted by name, then path. A file that two
/// sources reach is listed once. Files of every type are listed, also those that no reader takes: they become
/// rows. Left out are hidden entries (a leading dot) inside folders and what is no file (sockets, devices,
/// pipes). Links are followed, each folder once, so that a loop of links ends. Throws CorpusError for a
/// source that does not exist and for a folder that cannot be listed. Local: let one rank do it and tell the
/// others.
[[nodiscard]] std::vector<SourceFile> list_sources(std::span<const std::string> sources, const Pulse& pulse);

/// A document's format: "pdf", "md", "txt", or a name that no reader takes ("docx", "zip", "none", ...).
/// The extension decides, but not over bytes that say otherwise: a PDF under another text name is a "pdf", a
/// zip or OLE container that calls itself text is a "zip" or "ole". `head`: the first bytes, 1024 are enough.
[[nodiscard]] std::string format_of(std::string_view name, std::string_view head);

}  // namespace dream::corpus
