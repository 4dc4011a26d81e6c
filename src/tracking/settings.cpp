#include "tracking/settings.hpp"

#include "base/base64.hpp"

namespace dream::tracking {
namespace {

std::string variable(const std::map<std::string, std::string>& environment, const std::string& name) {
  const auto found = environment.find(name);
  return found == environment.end() ? "" : found->second;
}

}  // namespace

Settings settings_of(const config::Tracking& tracking, storage::Settings s3) {
  Settings settings{tracking.uri,       tracking.experiment,  tracking.ca_file,
                    tracking.artifacts, tracking.environment, std::move(s3)};
  while (settings.uri.ends_with('/')) settings.uri.pop_back();
  if (const auto endpoint = variable(tracking.environment, "MLFLOW_S3_ENDPOINT_URL"); !endpoint.empty())
    settings.s3.endpoint = endpoint;
  return settings;
}

void add_secrets(const std::map<std::string, std::string>& environment, net::Redactor& redact) {
  const auto token = variable(environment, "MLFLOW_TRACKING_TOKEN");
  const auto password = variable(environment, "MLFLOW_TRACKING_PASSWORD");
  redact.add(token);
  redact.add(password);
  if (!password.empty())
    redact.add(to_base64(variable(environment, "MLFLOW_TRACKING_USERNAME") + ":" + password));
}

net::HttpRequest request_to(const Settings& settings, const std::string& method, const std::string& path,
                            std::string body) {
  net::HttpRequest request;
  request.method = method;
  request.url = settings.uri + path;
  request.body = std::move(body);
  request.ca_file = settings.ca_file;
  request.total_timeout = std::chrono::seconds(60);
  if (!request.body.empty()) request.headers.emplace_back("Content-Type: application/json");
  const auto token = variable(settings.environment, "MLFLOW_TRACKING_TOKEN");
  const auto user = variable(settings.environment, "MLFLOW_TRACKING_USERNAME");
  if (!token.empty()) {
    request.headers.push_back("Authorization: Bearer " + token);
  } else if (!user.empty()) {
    request.headers.push_back(
        "Authorization: Basic " +
        to_base64(user + ":" + variable(settings.environment, "MLFLOW_TRACKING_PASSWORD")));
  }
  return request;
}

}  // namespace dream::tracking
