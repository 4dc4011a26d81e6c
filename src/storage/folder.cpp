#include "storage/folder.hpp"

#include <algorithm>
#include <vector>

#include "base/errors.hpp"
#include "storage/put.hpp"

namespace dream::storage {

void prove_writable(Service& service, const Url& url, const Pulse& pulse) {
  const auto probe = url.below(".dream_writable");
  put_bytes(service, probe, "", pulse);
  try {
    remove_object(service, probe, pulse);
  } catch (const EndpointError&) {
    // Keys that may put and not delete will do.
  }
}

std::int64_t put_folder(Service& service, const std::filesystem::path& folder, const Url& url,
                        const std::string& last, const Pulse& pulse) {
  std::vector<Upload> uploads, end;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    const auto name = entry.path().lexically_relative(folder).generic_string();
    (name == last ? end : uploads)
        .push_back({entry.path(), static_cast<std::int64_t>(entry.file_size()), url.below(name)});
  }
  std::ranges::sort(uploads, {}, [](const Upload& upload) { return upload.to.key; });
  const auto ignore = [](std::size_t, const std::string&) {};
  put_files(service, uploads, ignore, pulse);
  put_files(service, end, ignore, pulse);
  return std::ssize(uploads) + std::ssize(end);
}

}  // namespace dream::storage
