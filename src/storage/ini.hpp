#pragma once
#include <map>
#include <string>
#include <string_view>

namespace dream::storage {

/// The "[name]" sections of a shared credentials file, each with its "name = value" lines. Lines that are
/// neither, and comments (# or ;), are passed over, as other tools do.
[[nodiscard]] std::map<std::string, std::map<std::string, std::string>> parse_ini(std::string_view text);

}  // namespace dream::storage
