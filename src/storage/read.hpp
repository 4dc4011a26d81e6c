#pragma once
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "storage/service.hpp"
#include "storage/url.hpp"
#include "storage/xml.hpp"

namespace dream::storage {

/// Longer objects are read in ranges of this length, several at a time.
constexpr std::int64_t range_bytes = std::int64_t{4} << 20;

/// What becomes of objects that are read. Both are called in the order of the objects and of their bytes.
struct Reader {
  std::function<void(std::size_t object, std::string_view block)> block;
  /// `problem`: why the object cannot be used (gone, private, changed since it was listed), or "". After a
  /// problem no more of its blocks come; the caller drops those that came.
  std::function<void(std::size_t object, const std::string& problem)> end;
};

/// Reads objects that a listing has told, many requests at a time. Memory: twice settings.in_flight ranges.
/// An object whose ETag or length is not that of the listing is a problem of that object. Throws
/// EndpointError for what is wrong with the service.
void read_objects(Service& service, std::span<const Object> objects, const Reader& reader,
                  const Pulse& pulse);

/// The object of a URL. Throws CorpusError when there is none.
[[nodiscard]] Object find_object(Service& service, const Url& url, const Pulse& pulse);

/// `bytes` bytes of an object from `begin` on, in ranges that are fetched together. Throws CorpusError naming
/// the object when it changed since it was found.
[[nodiscard]] std::string read_range(Service& service, const Object& object, std::int64_t begin,
                                     std::int64_t bytes, const Pulse& pulse);

/// One whole object, whatever its ETag. Throws CorpusError when it is not there or private.
[[nodiscard]] std::string read_object(Service& service, const Url& url, const Pulse& pulse);

}  // namespace dream::storage
