#include "state/starts.hpp"

#include <fmt/format.h>

#include <sstream>

#include "base/digest.hpp"
#include "base/errors.hpp"
#include "base/file.hpp"

namespace fs = std::filesystem;

namespace dream::state {
namespace {

fs::path file_of(const fs::path& folder, const std::string& sweep) {
  return folder / "starts" / digest_of(sweep).hex().substr(0, 16);
}

/// Of the replies that are there, in journals or sealed.
std::int64_t call_bytes(const fs::path& folder) {
  std::int64_t bytes = 0;
  std::error_code error;
  for (fs::recursive_directory_iterator file(folder / "calls", error), end; !error && file != end;
       file.increment(error)) {
    std::error_code ignored;
    if (file->is_regular_file(ignored)) bytes += static_cast<std::int64_t>(file->file_size(ignored));
  }
  return bytes;
}

struct Starts {
  std::int64_t parts = -1;
  std::int64_t bytes = -1;
  int idle = 0;  ///< since the first that found this
};

Starts read(const fs::path& file) {
  Starts starts;
  if (!fs::exists(file)) return starts;
  std::istringstream text(read_file(file));
  Starts found;
  if (text >> found.parts >> found.bytes >> found.idle) starts = found;
  return starts;
}

}  // namespace

void count_start(const fs::path& folder, const std::string& sweep, std::int64_t parts) {
  const auto file = file_of(folder, sweep);
  const auto before = read(file);
  Starts now{parts, call_bytes(folder), 0};
  if (now.parts == before.parts && now.bytes == before.bytes) now.idle = before.idle + 1;
  if (now.idle >= idle_starts) {
    forget_starts(folder, sweep);
    throw StateError(
        folder.string(), "",
        fmt::format("no progress: {} starts of sweep \"{}\" in a row were killed or stopped before they had "
                    "added anything to its {} parts; look at what ended them (a time limit that is too "
                    "short, memory, the launcher's own messages), and start it again",
                    idle_starts, sweep, parts));
  }
  fs::create_directories(file.parent_path());
  write_file(file, fmt::format("{} {} {}\n", now.parts, now.bytes, now.idle));
}

void forget_starts(const fs::path& folder, const std::string& sweep) {
  std::error_code ignored;
  fs::remove(file_of(folder, sweep), ignored);
}

}  // namespace dream::state
