#include "sweep/schema_support.hpp"

#include "calls/capabilities.hpp"
#include "comm/agree.hpp"

namespace dream::sweep {
namespace {

/// Yes, no, or unknown, as a value that travels.
enum class Support : std::int32_t { no, yes, unknown };

Support look_up(comm::Communicator& comm, const config::Config& config, const calls::Endpoint& endpoint) {
  auto support = Support::unknown;
  comm::agree(comm, [&] {
    if (comm.rank() != 0) return;
    if (const auto known = calls::known_json_schema(config.sweep.state, endpoint))
      support = *known ? Support::yes : Support::no;
  });
  comm.broadcast(std::span<Support>(&support, 1), 0);
  return support;
}

}  // namespace

bool sends_schema(comm::Communicator& comm, const config::Config& config, const std::string& wanted,
                  const std::string& model, CallSession* calls) {
  if (wanted != "auto") return wanted == "true";
  const auto endpoint = calls::endpoint_of(config.model(model));
  const auto support = look_up(comm, config, endpoint);
  if (support != Support::unknown || calls == nullptr) return support != Support::no;
  const Request request{Hasher("capability").add(endpoint.base_url).add(endpoint.model).finish(), ""};
  const auto replies = calls->once({request}, [&](const std::vector<Request>& distinct) {
    std::vector<Served> served;
    for (std::size_t i = 0; i < distinct.size(); ++i) {
      const auto takes_it = calls->ask_for_json_schema(model);
      served.push_back(takes_it ? Served(Packer().put(*takes_it).take()) : Served());
    }
    return served;
  });
  const bool takes_it = Unpacker(replies.front()).get<bool>();
  comm::agree(comm, [&] {
    if (comm.rank() == 0) calls::keep_json_schema(config.sweep.state, endpoint, takes_it);
  });
  return takes_it;
}

}  // namespace dream::sweep
