#pragma once
#include <optional>
#include <string>

#include "storage/service.hpp"

/// Small files that may lie on S3: their place is a path or s3://BUCKET/KEY. `service` may be null for paths.
namespace dream::storage {

/// The bytes, or nothing when there is no such file or object. Throws CorpusError for one that cannot be
/// read.
[[nodiscard]] std::optional<std::string> read_if_there(const std::string& place, Service* service,
                                                       const Pulse& pulse);

/// Replaces it, whole or not at all, with the folders above it.
void write_whole(const std::string& place, std::string bytes, Service* service, const Pulse& pulse);

}  // namespace dream::storage
