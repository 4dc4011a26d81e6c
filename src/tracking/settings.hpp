#pragma once
#include <cstdint>
#include <map>
#include <string>

#include "config/config.hpp"
#include "net/http.hpp"
#include "net/redact.hpp"
#include "storage/settings.hpp"

namespace dream::tracking {

/// An MLflow server and how to speak to it. A plain value.
struct Settings {
  std::string uri;  ///< "https://mlflow.example.org/prefix", without a '/' at its end
  std::string experiment;
  std::string ca_file;
  bool artifacts = true;
  std::map<std::string, std::string> environment;  ///< MLFLOW_*: secrets among them
  storage::Settings s3;                            ///< for servers whose artifacts lie on S3
  std::int64_t in_flight = 8;
};

/// Of a config with tracking.uri. `s3`: how the config's section [s3] reaches objects; MLFLOW_S3_ENDPOINT_URL
/// outranks its endpoint, since artifacts may lie elsewhere than documents.
[[nodiscard]] Settings settings_of(const config::Tracking& tracking, storage::Settings s3);

/// Puts the token and the password into a redactor.
void add_secrets(const std::map<std::string, std::string>& environment, net::Redactor& redact);

/// A request to `path` of the server ("/api/2.0/..."), with what it takes to be let in: a bearer token
/// (MLFLOW_TRACKING_TOKEN), else a user's name and password (MLFLOW_TRACKING_USERNAME, ..._PASSWORD).
[[nodiscard]] net::HttpRequest request_to(const Settings& settings, const std::string& method,
                                          const std::string& path, std::string body = {});

}  // namespace dream::tracking
