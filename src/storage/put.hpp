#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "storage/service.hpp"
#include "storage/url.hpp"

namespace dream::storage {

/// Longer objects are put in parts of this length, or longer ones where 10,000 parts would not reach.
constexpr std::int64_t part_bytes = std::int64_t{16} << 20;
[[nodiscard]] std::int64_t part_bytes_of(std::int64_t bytes);

/// A file that becomes an object.
struct Upload {
  std::filesystem::path file;
  std::int64_t bytes = 0;
  Url to;
};

/// Puts files, several requests at a time: each object appears whole or not at all. An upload in parts that
/// fails is aborted, so that the bucket keeps no parts that nobody sees and somebody pays for. `done` gets
/// each object's ETag. Throws EndpointError; CorpusError for a file that cannot be read or changed its
/// length.
void put_files(Service& service, std::span<const Upload> uploads,
               const std::function<void(std::size_t upload, const std::string& etag)>& done,
               const Pulse& pulse);

/// Puts one object from memory. Returns its ETag.
std::string put_bytes(Service& service, const Url& to, std::string bytes, const Pulse& pulse);

/// Deletes one object; one that is not there is fine.
void remove_object(Service& service, const Url& url, const Pulse& pulse);

/// The ETag that a service gives to the file when put_files() puts it, where ETags are what Amazon says that
/// they are: MD5 of a short object; of the parts' MD5s, and their number, for a long one. A service that
/// encrypts has other ones.
[[nodiscard]] std::string etag_of_file(const std::filesystem::path& file, std::int64_t bytes,
                                       const Pulse& pulse);

/// "application/pdf", by the end of the name.
[[nodiscard]] std::string content_type_of(std::string_view name);

}  // namespace dream::storage
