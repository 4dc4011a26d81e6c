#pragma once
#include <filesystem>
#include <optional>

#include "calls/endpoint.hpp"
#include "calls/sender.hpp"

/// What servers were found to do. It is kept in `<state>/capabilities`, a JSON file for each address, model
/// and revision, with the time when it was found out; whoever deletes the file has the server asked again.
namespace dream::calls {

/// The file about an endpoint.
[[nodiscard]] std::filesystem::path capability_file(const std::filesystem::path& state,
                                                    const Endpoint& endpoint);

/// Whether the endpoint's server takes a JSON schema as `response_format`, as far as it is known. A file that
/// is not ours says nothing.
[[nodiscard]] std::optional<bool> known_json_schema(const std::filesystem::path& state,
                                                    const Endpoint& endpoint);
/// Throws StateError.
void keep_json_schema(const std::filesystem::path& state, const Endpoint& endpoint, bool takes_it);

/// Asks the server with a request of few tokens: a reply is a yes, the refusal of this very request (400,
/// 422) a no. Nothing: the sender's budget has no room for it. Nothing else may be open at the sender. Throws
/// EndpointError when the server does not say.
[[nodiscard]] std::optional<bool> ask_for_json_schema(Sender& sender, const Endpoint& endpoint,
                                                      const net::Redactor& redact, const Pulse& pulse);

}  // namespace dream::calls
