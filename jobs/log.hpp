#pragma once
#include <string>

#include "base/log.hpp"
#include "net/redact.hpp"

namespace dream::jobs {

/// Lines with time and level, appended to `path`, every registered secret taken out. Throws StateError when
/// the file cannot be opened, which is before any work: so this also proves that sweep.output can be written.
[[nodiscard]] Log open_log(const std::string& path, net::Redactor redact);

}  // namespace dream::jobs
