#include "storage/credentials.hpp"

#include <fmt/format.h>

#include "base/errors.hpp"
#include "base/file.hpp"
#include "net/http.hpp"
#include "storage/ini.hpp"
#include "storage/url.hpp"
#include "storage/xml.hpp"

namespace dream::storage {
namespace {

std::optional<Credentials> from_environment(const Settings& settings) {
  Credentials found{variable(settings, "AWS_ACCESS_KEY_ID"), variable(settings, "AWS_SECRET_ACCESS_KEY"),
                    variable(settings, "AWS_SESSION_TOKEN"), std::nullopt, "the environment"};
  if (found.access_key.empty() && found.secret_key.empty()) return std::nullopt;
  if (found.access_key.empty() || found.secret_key.empty()) {
    throw ConfigError(fmt::format("{} is set and {} is not; set both, or neither",
                                  found.access_key.empty() ? "AWS_SECRET_ACCESS_KEY" : "AWS_ACCESS_KEY_ID",
                                  found.access_key.empty() ? "AWS_ACCESS_KEY_ID" : "AWS_SECRET_ACCESS_KEY"));
  }
  return found;
}

std::string shared_file(const Settings& settings) {
  if (auto path = variable(settings, "AWS_SHARED_CREDENTIALS_FILE"); !path.empty()) return path;
  const auto home = variable(settings, "HOME");
  return home.empty() ? "" : home + "/.aws/credentials";
}

/// `wanted`: the user named the profile, so its absence is a mistake.
std::optional<Credentials> from_shared_file(const Settings& settings, std::string profile, bool wanted) {
  const auto path = shared_file(settings);
  if (profile.empty()) profile = "default";
  std::string text;
  try {
    if (!path.empty()) text = read_file(path);
  } catch (const CorpusError& e) {
    if (wanted) throw ConfigError(fmt::format("profile {} is wanted: {}", profile, e.what()));
    return std::nullopt;
  }
  const auto sections = parse_ini(text);
  const auto at = sections.find(profile);
  if (at == sections.end()) {
    if (wanted) throw ConfigError(fmt::format("{} has no section [{}]", path, profile));
    return std::nullopt;
  }
  const auto value = [&](const char* name) {
    const auto line = at->second.find(name);
    return line == at->second.end() ? std::string() : line->second;
  };
  Credentials found{value("aws_access_key_id"), value("aws_secret_access_key"), value("aws_session_token"),
                    std::nullopt, fmt::format("profile {} of {}", profile, path)};
  if (found.access_key.empty() || found.secret_key.empty()) {
    throw ConfigError(
        fmt::format("{}: section [{}] lacks aws_access_key_id or aws_secret_access_key", path, profile));
  }
  return found;
}

/// Exchanges a token that the platform writes to a file (Kubernetes service accounts) for keys of some hours.
std::optional<Credentials> from_web_identity(const Settings& settings, const Pulse& pulse) {
  const auto file = variable(settings, "AWS_WEB_IDENTITY_TOKEN_FILE");
  const auto role = variable(settings, "AWS_ROLE_ARN");
  if (file.empty() || role.empty()) return std::nullopt;
  std::string token;
  try {
    token = read_file(file);
  } catch (const CorpusError& e) {
    throw ConfigError(fmt::format("AWS_WEB_IDENTITY_TOKEN_FILE: {}", e.what()));
  }
  while (token.ends_with('\n')) token.pop_back();
  auto service = variable(settings, "AWS_ENDPOINT_URL_STS");
  if (service.empty()) service = fmt::format("https://sts.{}.amazonaws.com", settings.region);
  auto session = variable(settings, "AWS_ROLE_SESSION_NAME");
  if (session.empty()) session = "dream_sweep";
  net::HttpRequest request;
  request.method = "POST";
  request.url = service + "/";
  request.ca_file = settings.ca_file;
  request.total_timeout = settings.timeout;
  request.headers = {"Content-Type: application/x-www-form-urlencoded", "Accept: application/xml"};
  request.body = fmt::format(
      "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn={}&RoleSessionName={}&WebIdentityToken={}",
      percent_encode(role), percent_encode(session), percent_encode(token));
  const auto reply = net::fetch(request, pulse);
  if (reply.fault != net::HttpFault::none) throw EndpointError(service, 0, 1, reply.fault_text);
  if (reply.status != 200) {
    const auto error = parse_error(reply.body);
    throw EndpointError(service, reply.status, 1,
                        fmt::format("{}: {}; the token of {} was refused for role {}", error.code,
                                    error.message, file, role));
  }
  const auto keys = parse_assumed_role(reply.body);
  if (!keys)
    throw EndpointError(service, reply.status, 1, "the reply holds no keys; is this a token service?");
  return Credentials{keys->access_key, keys->secret_key, keys->session_token, keys->expires,
                     fmt::format("the web identity in {}", file)};
}

}  // namespace

Credentials find_credentials(const Settings& settings, const Pulse& pulse) {
  if (settings.anonymous) return {{}, {}, {}, {}, "nobody (s3.anonymous)"};
  if (!settings.profile.empty()) return *from_shared_file(settings, settings.profile, true);
  if (const auto found = from_environment(settings)) return *found;
  if (const auto found = from_web_identity(settings, pulse)) return *found;
  const auto profile = variable(settings, "AWS_PROFILE");
  if (const auto found = from_shared_file(settings, profile, !profile.empty())) return *found;
  throw ConfigError(fmt::format(
      "no keys for S3 at {}: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or write a profile into {}, or "
      "set AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN, or say s3.anonymous = true for a public bucket",
      settings.endpoint,
      shared_file(settings).empty() ? "the shared credentials file" : shared_file(settings)));
}

Bytes pack(const Credentials& credentials) {
  Packer packer;
  packer.put(credentials.access_key).put(credentials.secret_key).put(credentials.session_token);
  packer.put(credentials.expires.has_value());
  packer.put(credentials.expires.value_or(std::chrono::system_clock::time_point{})).put(credentials.origin);
  return packer.take();
}

Credentials unpack_credentials(const Bytes& bytes) {
  Unpacker reader(bytes);
  Credentials credentials;
  credentials.access_key = reader.get<std::string>();
  credentials.secret_key = reader.get<std::string>();
  credentials.session_token = reader.get<std::string>();
  const bool expires = reader.get<bool>();
  const auto when = reader.get<std::chrono::system_clock::time_point>();
  if (expires) credentials.expires = when;
  credentials.origin = reader.get<std::string>();
  return credentials;
}

}  // namespace dream::storage
