#pragma once
#include "config/config.hpp"

namespace dream::sweep {

/// All names that a config may use, gathered from the tables of the stages. What is not built has no row, so
/// it is an unknown name.
[[nodiscard]] config::Catalog catalog();

}  // namespace dream::sweep
