#include "storage/settings.hpp"

#include <fmt/format.h>

#include "base/errors.hpp"

namespace dream::storage {
namespace {

std::string first_of(const Settings& settings, std::initializer_list<const char*> names) {
  for (const auto* name : names) {
    if (auto value = variable(settings, name); !value.empty()) return value;
  }
  return "";
}

}  // namespace

Addressing parse_addressing(const std::string& text) {
  if (text == "path") return Addressing::path;
  return text == "virtual" ? Addressing::host : Addressing::automatic;
}

std::map<std::string, std::string> relevant(const std::map<std::string, std::string>& environment) {
  std::map<std::string, std::string> kept;
  for (const auto& [name, value] : environment) {
    if (name.starts_with("AWS_") || name == "HOME") kept[name] = value;
  }
  return kept;
}

std::string variable(const Settings& settings, const std::string& name) {
  const auto at = settings.environment.find(name);
  return at == settings.environment.end() ? "" : at->second;
}

Settings resolved(Settings settings) {
  if (settings.region.empty()) settings.region = first_of(settings, {"AWS_REGION", "AWS_DEFAULT_REGION"});
  if (settings.region.empty()) settings.region = "us-east-1";
  if (settings.ca_file.empty()) settings.ca_file = variable(settings, "AWS_CA_BUNDLE");
  if (settings.endpoint.empty())
    settings.endpoint = first_of(settings, {"AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"});
  const bool at_aws = settings.endpoint.empty();
  if (at_aws) settings.endpoint = fmt::format("https://s3.{}.amazonaws.com", settings.region);
  if (settings.addressing == Addressing::automatic)
    settings.addressing = at_aws ? Addressing::host : Addressing::path;
  (void)endpoint_of(settings);
  return settings;
}

Endpoint endpoint_of(const Settings& settings) {
  const auto& text = settings.endpoint;
  const auto colon = text.find("://");
  Endpoint endpoint;
  if (colon != std::string::npos) {
    const auto slash = text.find('/', colon + 3);
    endpoint.scheme = text.substr(0, colon);
    endpoint.host = text.substr(colon + 3, slash == std::string::npos ? slash : slash - colon - 3);
    if (slash != std::string::npos) endpoint.path = text.substr(slash);
    while (endpoint.path.ends_with('/')) endpoint.path.pop_back();
  }
  const bool http = endpoint.scheme == "https" || endpoint.scheme == "http";
  if (!http || endpoint.host.empty() || endpoint.host.find_first_of("@?# ") != std::string::npos) {
    throw ConfigError(
        fmt::format("s3.endpoint = \"{}\" is no address; write https://HOST or http://HOST:PORT", text));
  }
  return endpoint;
}

}  // namespace dream::storage
