#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/pulse.hpp"
#include "storage/ingest.hpp"
#include "storage/service.hpp"

/// One rank's work of dream_ingest.
namespace dream::jobs {

/// A document to be put: a file, or an address of the web.
struct Item {
  std::string source;
  std::string key;
  std::int64_t bytes = 0;  ///< of a file
  [[nodiscard]] bool is_web() const { return source.find("://") != std::string::npos; }
};

/// What became of an item.
struct Done {
  enum class What : char { put, unchanged, failed } what = What::failed;
  storage::Ingested object;
  std::string problem;
};

/// What is on S3 before the work.
struct There {
  std::map<std::string, storage::Object> objects;
  std::map<std::string, storage::Ingested> manifest;
  std::string manifest_text;
};

/// What a rank is to bring, and what is known of its keys.
struct Share {
  std::vector<Item> items;
  There there;
};

/// Puts what is not there yet. What cannot be read or fetched is told in the result; what the service refuses
/// is an EndpointError.
[[nodiscard]] std::vector<Done> ingest(storage::Service& s3, const Share& share, const std::string& bucket,
                                       const Pulse& pulse);

}  // namespace dream::jobs
