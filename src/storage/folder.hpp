#pragma once
#include <filesystem>
#include <string>

#include "storage/service.hpp"
#include "storage/url.hpp"

namespace dream::storage {

/// Shows that objects can be put below `url`, by putting one and deleting it. Throws EndpointError.
void prove_writable(Service& service, const Url& url, const Pulse& pulse);

/// Puts every file of a folder below `url`, `last` after all others: whoever finds it there finds the rest
/// whole and of the same run. Returns how many.
std::int64_t put_folder(Service& service, const std::filesystem::path& folder, const Url& url,
                        const std::string& last, const Pulse& pulse);

}  // namespace dream::storage
