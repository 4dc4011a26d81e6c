#include "jobs/s3.hpp"

#include <chrono>

#include "comm/agree.hpp"

namespace dream::jobs {

storage::Settings s3_settings(const config::S3& s3) {
  return {s3.endpoint, s3.region,    storage::parse_addressing(s3.addressing), s3.ca_file,    s3.anonymous,
          s3.profile,  s3.in_flight, std::chrono::seconds(s3.timeout_s),       s3.environment};
}

std::unique_ptr<storage::Service> open_s3(comm::Communicator& comm, const storage::Settings& settings,
                                          net::Redactor& redact) {
  storage::Settings resolved;
  Bytes message;
  comm::agree(comm, [&] {
    resolved = storage::resolved(settings);
    if (comm.rank() == 0) message = storage::pack(storage::find_credentials(resolved, comm::pulse_of(comm)));
  });
  comm.broadcast(message, 0);
  auto credentials = storage::unpack_credentials(message);
  redact.add(credentials.secret_key);
  redact.add(credentials.session_token);
  return std::make_unique<storage::Service>(std::move(resolved), std::move(credentials));
}

}  // namespace dream::jobs
