#include "report/noise.hpp"

namespace dream::report {

nlohmann::ordered_json judge_noise(const Material& m) {
  auto list = nlohmann::ordered_json::object();
  const auto& outcome = m.finished.outcome;
  for (std::size_t i = 0; i < outcome.judge_noise.size(); ++i) {
    const auto& noise = outcome.judge_noise[i];
    if (noise.votes == 0) continue;
    list[outcome.metrics[i]] = {
        {"verdicts", noise.votes},
        {"flip_rate", static_cast<double>(noise.flips) / static_cast<double>(noise.votes)},
        {"standard_deviation", noise.deviation}};
  }
  return list;
}

}  // namespace dream::report
