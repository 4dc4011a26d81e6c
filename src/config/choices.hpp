#pragma once
#include <optional>
#include <vector>

#include "config/config.hpp"
#include "config/read.hpp"

namespace dream::config {

/// The most combinations that the parameters of one method may make.
constexpr std::size_t max_combinations = 10'000;

/// One component without a sweep: "grid" or { name = "grid", ... }.
[[nodiscard]] std::optional<Choice> read_choice(const Node& node, const std::string& path,
                                                std::string_view what, const std::vector<ComponentInfo>& rows,
                                                Problems& problems);

/// space.method: a name, a table whose parameters may be lists, or a list of these; one choice for each
/// combination.
[[nodiscard]] std::vector<Choice> read_methods(const Node& node, const std::string& path,
                                               const std::vector<MethodKind>& rows, Problems& problems);

}  // namespace dream::config
