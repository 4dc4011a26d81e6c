#include "storage/list.hpp"

#include <algorithm>

#include "base/errors.hpp"

namespace dream::storage {

std::vector<Object> list_prefix(Service& service, const Url& url, const Pulse& pulse, int page_size) {
  std::vector<Object> all;
  std::string next;
  do {
    Request request;
    request.bucket = url.bucket;
    request.query = {{"list-type", "2"},
                     {"prefix", url.key},
                     {"max-keys", std::to_string(page_size)},
                     {"encoding-type", "url"}};  // XML cannot hold every byte that a key may have
    if (!next.empty()) request.query["continuation-token"] = next;
    const auto reply = service.call(request, pulse);
    auto page = parse_list(reply.body);
    if (!page.whole) {
      throw EndpointError(url.text() + " (at " + service.settings().endpoint + ")", reply.status, 1,
                          "the reply is no listing of S3; check s3.endpoint");
    }
    for (auto& object : page.objects) {
      object.bucket = url.bucket;
      all.push_back(std::move(object));
    }
    next = std::move(page.next);
  } while (!next.empty());
  return all;
}

std::vector<Object> list_below(Service& service, const Url& url, const Pulse& pulse) {
  if (url.key.empty() || url.key.ends_with('/')) return list_prefix(service, url, pulse);
  auto all = list_prefix(service, {url.bucket, url.key + "/"}, pulse);
  if (!all.empty()) return all;
  // Rarely more than a page: siblings that begin alike.
  all = list_prefix(service, url, pulse);
  std::erase_if(all, [&](const Object& object) { return object.key != url.key; });
  return all;
}

}  // namespace dream::storage
