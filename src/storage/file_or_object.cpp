#include "storage/file_or_object.hpp"

#include <filesystem>
#include <utility>

#include "base/file.hpp"
#include "storage/put.hpp"
#include "storage/read.hpp"
#include "storage/url.hpp"

namespace dream::storage {

std::optional<std::string> read_if_there(const std::string& place, Service* service, const Pulse& pulse) {
  if (!is_url(place)) {
    if (!std::filesystem::exists(place)) return std::nullopt;
    return read_file(place);
  }
  const auto url = parse_url(place);
  Request request;
  request.bucket = url.bucket;
  request.key = url.key;
  auto reply = service->call(request, pulse);
  if (reply.ok()) return std::move(reply.body);
  if (reply.code == "NoSuchKey" || (reply.status == 404 && reply.code.empty())) return std::nullopt;
  return read_object(*service, url, pulse);  // throws, and says why
}

void write_whole(const std::string& place, std::string bytes, Service* service, const Pulse& pulse) {
  if (is_url(place)) {
    put_bytes(*service, parse_url(place), std::move(bytes), pulse);
    return;
  }
  std::error_code ignored;
  const std::filesystem::path path = place;
  if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path(), ignored);
  write_file(path, bytes);
}

}  // namespace dream::storage
