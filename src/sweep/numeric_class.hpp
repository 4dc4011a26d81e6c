#pragma once
#include <string>

#include "comm/communicator.hpp"

namespace dream::sweep {

/// The least capable rank decides which instructions all ranks use, so that a vector has the same bits
/// wherever it is made. Returns the class ("avx512", "avx2", "sse4"). Collective; before any kernel is used.
std::string agree_on_numeric_class(comm::Communicator& comm);

}  // namespace dream::sweep
