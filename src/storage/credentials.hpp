#pragma once
#include <chrono>
#include <optional>
#include <string>

#include "base/bytes.hpp"
#include "base/pulse.hpp"
#include "storage/settings.hpp"

namespace dream::storage {

/// What requests are signed with. Without an access key they are not signed.
struct Credentials {
  std::string access_key;
  std::string secret_key;
  std::string session_token;
  std::optional<std::chrono::system_clock::time_point> expires;
  std::string origin;  ///< "the environment", "profile lab of ~/.aws/credentials": what messages may say
};

/// The first of these that is there: nothing (settings.anonymous); the profile that the settings name; keys
/// in the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN); a web identity
/// (AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN, exchanged at the token service); the shared credentials
/// file (AWS_SHARED_CREDENTIALS_FILE, else ~/.aws/credentials; section AWS_PROFILE, else default). Takes
/// resolved settings. Throws ConfigError when there are none, naming all places; EndpointError from the token
/// service.
[[nodiscard]] Credentials find_credentials(const Settings& settings, const Pulse& pulse);

/// For the way from rank 0 to the others.
[[nodiscard]] Bytes pack(const Credentials& credentials);
[[nodiscard]] Credentials unpack_credentials(const Bytes& bytes);

}  // namespace dream::storage
