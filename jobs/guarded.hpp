#pragma once
#include <functional>
#include <string>

#include "comm/communicator.hpp"

namespace dream::jobs {

/// The only catch of a program that does not outlive lost ranks: returns the exit code of `run`, or of its
/// error. An error that all ranks share is printed once; one of a rank alone ends the job. `shown`: takes
/// secrets out of a message.
[[nodiscard]] int guarded(comm::Communicator& comm, const std::string& program,
                          const std::function<int()>& run,
                          const std::function<std::string(const std::string&)>& shown);

}  // namespace dream::jobs
