#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The replies of S3 and its token service, each as a value. Namespaces and unknown elements are passed over;
/// text that is no XML is an empty value.
namespace dream::storage {

/// An object as a listing tells it.
struct Object {
  std::string bucket;
  std::string key;
  std::int64_t bytes = 0;
  std::string etag;      ///< without quotes
  std::string modified;  ///< as the service writes it
  bool operator==(const Object&) const = default;
};

struct ListPage {
  std::vector<Object> objects;  ///< bucket left empty
  std::string next;             ///< continuation token; empty: this was the last page
  bool whole = false;           ///< false: the reply is no listing
};
[[nodiscard]] ListPage parse_list(std::string_view xml);

struct ServiceError {
  std::string code;     ///< "NoSuchBucket"; empty when the reply holds none
  std::string message;  ///< cut to some hundred bytes
  std::string region;   ///< where the bucket is, when the service says so
};
[[nodiscard]] ServiceError parse_error(std::string_view xml);

/// The id of a multipart upload that was begun, or "".
[[nodiscard]] std::string parse_upload_id(std::string_view xml);

/// The ETag that a finished multipart upload or a copy got, without quotes, or "".
[[nodiscard]] std::string parse_etag(std::string_view xml);

/// What finishes a multipart upload: ETags of the parts, in order.
[[nodiscard]] std::string parts_xml(const std::vector<std::string>& etags);

struct AssumedRole {
  std::string access_key, secret_key, session_token;
  std::optional<std::chrono::system_clock::time_point> expires;
};
[[nodiscard]] std::optional<AssumedRole> parse_assumed_role(std::string_view xml);

/// "2026-01-02T03:04:05Z", with or without a fraction of a second.
[[nodiscard]] std::optional<std::chrono::system_clock::time_point> parse_time(std::string_view text);

}  // namespace dream::storage
