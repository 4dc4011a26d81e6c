#pragma once
#include <string>

#include "comm/communicator.hpp"
#include "config/config.hpp"
#include "sweep/call_session.hpp"

namespace dream::sweep {

/// Whether the server of a model behind an endpoint is sent JSON schemas. `wanted`: of the config, "true",
/// "false" or "auto". For "auto" the state folder knows, or the server is asked, once for all ranks and later
/// runs; without `calls` nobody is asked, and what is unknown is taken for a yes. Collective. Throws
/// EndpointError on all ranks when the server does not say.
[[nodiscard]] bool sends_schema(comm::Communicator& comm, const config::Config& config,
                                const std::string& wanted, const std::string& model, CallSession* calls);

}  // namespace dream::sweep
