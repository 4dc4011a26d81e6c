#pragma once
#include <chrono>
#include <map>
#include <string>
#include <string_view>

#include "storage/credentials.hpp"

namespace dream::storage {

/// What a signature of AWS's version 4 covers. Names of headers are in lower case.
struct SignedParts {
  std::string method;
  std::string path;                            ///< encoded once, as it is sent: "/bucket/a%20b"
  std::string query;                           ///< encoded and sorted, as it is sent: canonical_query()
  std::map<std::string, std::string> headers;  ///< with "host"
  std::string payload_hash;                    ///< hex SHA-256 of the body
};

struct SignedScope {
  std::string region;
  std::string service = "s3";
  std::chrono::system_clock::time_point time;
};

/// "a=1&b=" with names and values percent-encoded, in the order that signatures want.
[[nodiscard]] std::string canonical_query(const std::map<std::string, std::string>& query);

/// The canonical request, whose hash is signed: for tests and for reading a server's complaint.
[[nodiscard]] std::string canonical_request(const SignedParts& parts);

/// "20130524T000000Z": the value of the header x-amz-date, which must be among the headers.
[[nodiscard]] std::string amz_date(std::chrono::system_clock::time_point time);

/// The value of the header Authorization. Own code instead of libcurl's: that one signs neither every path
/// nor every header as it sends them.
[[nodiscard]] std::string authorization(const SignedParts& parts, const SignedScope& scope,
                                        const Credentials& credentials);

}  // namespace dream::storage
