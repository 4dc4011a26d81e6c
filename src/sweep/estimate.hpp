#pragma once
#include <functional>
#include <vector>

#include "sweep/outcome.hpp"

namespace dream::sweep {

/// What the calls about some questions are when nothing is known, and what they really were.
struct Sample {
  std::vector<CallUsage> assumed;
  std::vector<CallUsage> real;
};

/// What calls cost: model, tokens sent, tokens received.
using PriceOf = std::function<double(const std::string&, std::int64_t, std::int64_t)>;

/// The calls that are left, by purpose and model, where a sample of the questions is known already.
/// assumed: all calls as if nothing were known; left: those whose replies are missing, by the replies that
/// are there. How many of the assumed calls a question really takes, since trials agree more or less often,
/// and how long they are, is taken from the sample. What the sample does not hold stays as it is in `left`.
[[nodiscard]] std::vector<CallUsage> estimate(const std::vector<CallUsage>& assumed,
                                              std::vector<CallUsage> left, const Sample& sample,
                                              const PriceOf& price_of);

}  // namespace dream::sweep
