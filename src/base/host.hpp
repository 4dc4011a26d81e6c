#pragma once
#include <string>

namespace dream {

/// The name of the machine that this process runs on; "unknown" when it has none.
[[nodiscard]] std::string host_name();

/// Names the set of process numbers that this process lives in ("pid:[4026531836]"): two containers may share
/// a host's name and yet know nothing of each other's processes. "unknown" where the system does not say.
[[nodiscard]] std::string process_space();

}  // namespace dream
