#pragma once
#include <memory>

#include "comm/communicator.hpp"
#include "config/config.hpp"
#include "net/redact.hpp"
#include "storage/service.hpp"

namespace dream::jobs {

[[nodiscard]] storage::Settings s3_settings(const config::S3& s3);

/// S3 for every rank, with the keys that rank 0 found: workers often have neither its environment nor its
/// home. `redact` learns the keys. Collective. Throws on all ranks alike.
[[nodiscard]] std::unique_ptr<storage::Service> open_s3(comm::Communicator& comm,
                                                        const storage::Settings& settings,
                                                        net::Redactor& redact);

}  // namespace dream::jobs
