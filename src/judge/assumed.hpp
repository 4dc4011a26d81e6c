#pragma once
#include <string>

#include "judge/prompts.hpp"

namespace dream::judge {

/// A reply of the usual kind and length, for forecasts: what a request to the judge will bring is not known
/// before it is made, but it repeats what it was given, and adds a reason to each verdict. `input`: of a
/// Query.
[[nodiscard]] std::string assumed_reply(Step step, const std::string& input);

}  // namespace dream::judge
