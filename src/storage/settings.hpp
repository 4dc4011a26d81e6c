#pragma once
#include <chrono>
#include <cstdint>
#include <map>
#include <string>

namespace dream::storage {

/// How objects are addressed: https://ENDPOINT/BUCKET/KEY or https://BUCKET.ENDPOINT/KEY. automatic: the
/// second at AWS, the first at every other endpoint, whose certificates rarely cover all buckets.
enum class Addressing { automatic, path, host };

/// Where the objects are and how to speak to the service. A plain value: [s3] of the config, or flags.
struct Settings {
  std::string endpoint;  ///< empty: AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, else AWS of the region
  std::string region;    ///< empty: AWS_REGION, AWS_DEFAULT_REGION, else us-east-1
  Addressing addressing = Addressing::automatic;
  std::string ca_file;  ///< empty: AWS_CA_BUNDLE, else the system's
  bool anonymous = false;
  std::string profile;  ///< section of the shared credentials file; empty: the usual order
  std::int64_t in_flight = 8;
  std::chrono::milliseconds timeout{60'000};       ///< of one request; a request moves at most some megabytes
  std::map<std::string, std::string> environment;  ///< AWS_* and HOME
};

/// "Addressing" of a config's text: "auto", "path", "virtual". Anything else is automatic.
[[nodiscard]] Addressing parse_addressing(const std::string& text);

/// Only what this module reads of an environment.
[[nodiscard]] std::map<std::string, std::string> relevant(
    const std::map<std::string, std::string>& environment);

/// The variable's value, or "".
[[nodiscard]] std::string variable(const Settings& settings, const std::string& name);

/// `settings` with every empty field filled from the environment or by its default. Throws ConfigError for an
/// endpoint that is no http(s) address.
[[nodiscard]] Settings resolved(Settings settings);

/// Scheme and authority of a resolved endpoint: {"https", "s3.example.org:9000"}.
struct Endpoint {
  std::string scheme;
  std::string host;
  std::string path;  ///< below which the service lies, without a '/' at its end; usually empty
};
[[nodiscard]] Endpoint endpoint_of(const Settings& settings);

}  // namespace dream::storage
