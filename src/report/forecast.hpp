#pragma once
#include <nlohmann/json.hpp>

#include "config/config.hpp"
#include "sweep/run.hpp"

namespace dream::report {

/// The rows of forecast.json when it is about these scores, each with what the run that ended took.
[[nodiscard]] nlohmann::ordered_json forecast_beside_fact(const config::Config& config,
                                                          const sweep::Finished& finished);

}  // namespace dream::report
