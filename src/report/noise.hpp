#pragma once
#include <nlohmann/json.hpp>

#include "report/outputs.hpp"

namespace dream::report {

/// The judge's noise by metric; only those with verdicts that were asked for more than once.
[[nodiscard]] nlohmann::ordered_json judge_noise(const Material& material);

}  // namespace dream::report
