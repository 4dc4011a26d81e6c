#include "storage/sign.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <vector>

#include "base/blanks.hpp"
#include "storage/checksum.hpp"
#include "storage/url.hpp"

namespace dream::storage {
namespace {

std::string names_of(const std::map<std::string, std::string>& headers) {
  std::vector<std::string_view> names;
  for (const auto& [name, value] : headers) names.push_back(name);
  return fmt::format("{}", fmt::join(names, ";"));
}

}  // namespace

std::string canonical_query(const std::map<std::string, std::string>& query) {
  std::map<std::string, std::string>
      encoded;  // by encoded names: "a:" stands before "a1", since it is "a%3A"
  for (const auto& [name, value] : query) encoded[percent_encode(name)] = percent_encode(value);
  std::vector<std::string> pairs;
  for (const auto& [name, value] : encoded) pairs.push_back(name + "=" + value);
  return fmt::format("{}", fmt::join(pairs, "&"));
}

std::string canonical_request(const SignedParts& parts) {
  std::string lines;
  // Blanks folded: what the server does before it compares.
  for (const auto& [name, value] : parts.headers) lines += name + ":" + with_single_blanks(value) + "\n";
  return fmt::format("{}\n{}\n{}\n{}\n{}\n{}", parts.method, parts.path, parts.query, lines,
                     names_of(parts.headers), parts.payload_hash);
}

std::string amz_date(std::chrono::system_clock::time_point time) {
  return fmt::format("{:%Y%m%dT%H%M%SZ}", fmt::gmtime(std::chrono::system_clock::to_time_t(time)));
}

std::string authorization(const SignedParts& parts, const SignedScope& scope,
                          const Credentials& credentials) {
  const auto time = amz_date(scope.time);
  const auto day = time.substr(0, 8);
  const auto where = fmt::format("{}/{}/{}/aws4_request", day, scope.region, scope.service);
  const auto text =
      fmt::format("AWS4-HMAC-SHA256\n{}\n{}\n{}", time, where, hex(sha256(canonical_request(parts))));
  auto key = hmac_sha256("AWS4" + credentials.secret_key, day);
  for (const std::string_view step :
       {std::string_view(scope.region), std::string_view(scope.service), std::string_view("aws4_request")})
    key = hmac_sha256(key, step);
  return fmt::format("AWS4-HMAC-SHA256 Credential={}/{},SignedHeaders={},Signature={}",
                     credentials.access_key, where, names_of(parts.headers), hex(hmac_sha256(key, text)));
}

}  // namespace dream::storage
