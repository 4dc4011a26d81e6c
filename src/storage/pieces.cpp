#include "storage/pieces.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>

#include "base/errors.hpp"
#include "base/host.hpp"
#include "storage/read.hpp"
#include "storage/url.hpp"

namespace dream::storage {
namespace {

std::string read_piece_of_file(const Extent& extent, std::int64_t begin, std::int64_t bytes) {
  std::error_code error;
  const auto size = std::filesystem::file_size(extent.place, error);
  const auto here = static_cast<std::int64_t>(size);
  if (!error && here != extent.bytes) {
    throw CorpusError(
        extent.place, 0,
        fmt::format("has {} bytes on {} and had {} when it was found; leave it alone while it is "
                    "read, and see that all hosts have the same file",
                    here, host_name(), extent.bytes));
  }
  std::string piece(static_cast<std::size_t>(bytes), '\0');
  std::ifstream file(extent.place, std::ios::binary);
  file.seekg(begin);
  if (error || !file.read(piece.data(), bytes)) {
    throw CorpusError(extent.place, 0,
                      fmt::format("cannot be read on {}; a file of this length is read by all ranks: put it "
                                  "where every host sees it, or on S3",
                                  host_name()));
  }
  return piece;
}

}  // namespace

Extent find_extent(const std::string& place, Service* service, const Pulse& pulse) {
  if (is_url(place)) {
    const auto object = find_object(*service, parse_url(place), pulse);
    return {place, object.bytes, object.etag};
  }
  std::error_code error;
  const auto bytes = std::filesystem::file_size(place, error);
  if (error) throw CorpusError(place, 0, "cannot be read: " + error.message());
  return {place, static_cast<std::int64_t>(bytes), ""};
}

std::string read_piece(const Extent& extent, std::int64_t begin, std::int64_t bytes, Service* service,
                       const Pulse& pulse) {
  if (!is_url(extent.place)) return read_piece_of_file(extent, begin, bytes);
  const auto [bucket, key] = parse_url(extent.place);
  return read_range(*service, {bucket, key, extent.bytes, extent.etag, ""}, begin, bytes, pulse);
}

}  // namespace dream::storage
