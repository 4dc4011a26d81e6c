#pragma once
#include <cstdint>
#include <string>

#include "storage/service.hpp"

/// A long file or object (s3://BUCKET/KEY) that is read in pieces, on several ranks.
namespace dream::storage {

/// What was there when somebody looked; others read that and nothing else.
struct Extent {
  std::string place;
  std::int64_t bytes = 0;
  std::string etag;  ///< of an object
};

/// Throws CorpusError when there is no such file or object. `service` may be null for paths.
[[nodiscard]] Extent find_extent(const std::string& place, Service* service, const Pulse& pulse);

/// The bytes [begin, begin + bytes). Throws CorpusError when the place is not there as it was found: it
/// changed, or this host does not see it.
[[nodiscard]] std::string read_piece(const Extent& extent, std::int64_t begin, std::int64_t bytes,
                                     Service* service, const Pulse& pulse);

}  // namespace dream::storage
