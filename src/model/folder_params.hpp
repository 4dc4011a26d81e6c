#pragma once
#include <string_view>
#include <vector>

#include "base/params.hpp"

namespace dream::model {

/// What a config may say of any model from a Hugging Face folder: path, precision, max_tokens.
/// `input`: what a window of max_tokens holds, for the help.
[[nodiscard]] std::vector<ParamInfo> folder_params(std::string_view input);

}  // namespace dream::model
