#pragma once
#include <string_view>

#include "state/h5.hpp"

namespace dream::parts {

/// The stage that made a part, read off its datasets (docs/state-format.md); "other" for a part that this
/// program does not know.
[[nodiscard]] std::string_view stage_of(const state::H5Reader& part);

}  // namespace dream::parts
