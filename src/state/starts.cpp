#include "state/starts.hpp"

#include <fmt/format.h>

#include <map>
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

/// Changes with every part that is sealed, for that changes its folder, with every reply that is committed,
/// and with every object that is fetched. A few hundred looks, however many parts there are. What a killed
/// start leaves lying about (journals' places) says nothing.
Digest contents_of(const fs::path& folder) {
  std::map<std::string, std::int64_t> seen;
  std::error_code error;
  for (fs::directory_iterator parts(folder / "parts", error), end; !error && parts != end;
       parts.increment(error)) {
    std::error_code ignored;
    seen[parts->path().string()] = fs::last_write_time(*parts, ignored).time_since_epoch().count();
  }
  for (const char* name : {"known", "bytes"}) {
    std::error_code ignored;
    const auto path = folder / "objects" / name;
    if (fs::exists(path, ignored))
      seen[path.string()] = fs::last_write_time(path, ignored).time_since_epoch().count();
  }
  error.clear();
  for (fs::recursive_directory_iterator file(folder / "calls", error), end; !error && file != end;
       file.increment(error)) {
    std::error_code ignored;
    const auto kind = file->path().extension();
    if ((kind == ".journal" || kind == ".seg") && file->is_regular_file(ignored))
      seen[file->path().string()] = static_cast<std::int64_t>(file->file_size(ignored));
  }
  Hasher hasher("starts");
  for (const auto& [name, stamp] : seen) hasher.add(name).add(stamp);
  return hasher.finish();
}

struct Starts {
  std::string contents;
  int idle = 0;  ///< since the first that found these
};

Starts read(const fs::path& file) {
  Starts starts;
  if (!fs::exists(file)) return starts;
  std::istringstream text(read_file(file));
  if (!(text >> starts.contents >> starts.idle)) return {};
  return starts;
}

}  // namespace

void count_start(const fs::path& folder, const std::string& sweep) {
  const auto file = file_of(folder, sweep);
  const auto before = read(file);
  Starts now{contents_of(folder).hex(), 0};
  if (now.contents == before.contents) now.idle = before.idle + 1;
  if (now.idle >= idle_starts) {
    throw StateError(
        folder.string(), "",
        fmt::format("no progress: {} starts of sweep \"{}\" in a row were killed or stopped before they "
                    "had added anything; look at what ended them (a time limit that is too short, "
                    "memory, the launcher's own messages), and start it again",
                    idle_starts, sweep));
  }
  fs::create_directories(file.parent_path());
  write_file(file, fmt::format("{} {}\n", now.contents, now.idle));
}

void forget_starts(const fs::path& folder, const std::string& sweep) {
  std::error_code ignored;
  fs::remove(file_of(folder, sweep), ignored);
}

}  // namespace dream::state
