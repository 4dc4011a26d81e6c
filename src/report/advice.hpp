#pragma once
#include <string>
#include <vector>

#include "report/outputs.hpp"

/// What a reader asks once the verdict is read: what does it cost, and what next?
namespace dream::report {

/// What a question costs with the best trial, and what the answers of all trials cost, at the config's
/// prices.
[[nodiscard]] std::string cost_sentence(const Material& material, const stats::Verdict& verdict);

/// What to try next, the most useful first; five at most.
[[nodiscard]] std::vector<std::string> next_steps(const Material& material, const stats::Verdict& verdict);

}  // namespace dream::report
