#pragma once
#include <string>
#include <string_view>

namespace dream::report {

/// Deflated (RFC 1951, without header) and in base64, as a page's script can read it. The same for the same
/// text and version of zlib.
[[nodiscard]] std::string deflated(std::string_view text);

}  // namespace dream::report
