#pragma once
#include <string>
#include <vector>

#include "storage/service.hpp"
#include "storage/url.hpp"
#include "storage/xml.hpp"

namespace dream::storage {

/// What one reply of a listing holds at most.
constexpr int objects_per_page = 1000;

/// All objects whose keys begin with the URL's key, in the order of keys, page after page. Throws
/// EndpointError: no such bucket, keys refused, a reply that is no listing.
[[nodiscard]] std::vector<Object> list_prefix(Service& service, const Url& url, const Pulse& pulse,
                                              int page_size = objects_per_page);

/// The same as a user means it who writes a folder or a file: the object of that key, and all below "key/".
/// So s3://b/report does not reach s3://b/report-2024/x.pdf.
[[nodiscard]] std::vector<Object> list_below(Service& service, const Url& url, const Pulse& pulse);

}  // namespace dream::storage
