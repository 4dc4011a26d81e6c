#pragma once
#include <string>

namespace dream {

/// The name of the machine that this process runs on; "unknown" when it has none.
[[nodiscard]] std::string host_name();

}  // namespace dream
