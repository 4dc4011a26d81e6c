#include "sweep/estimate.hpp"

#include <algorithm>
#include <cmath>

namespace dream::sweep {
namespace {

const CallUsage* find(const std::vector<CallUsage>& rows, const CallUsage& like) {
  const auto found = std::ranges::find_if(
      rows, [&](const auto& row) { return row.purpose == like.purpose && row.model == like.model; });
  return found == rows.end() || found->sent == 0 ? nullptr : &*found;
}

double per_call(std::int64_t tokens, const CallUsage& row) {
  return static_cast<double>(tokens) / static_cast<double>(row.sent);
}

/// Tokens of so many calls, which are expected to take `expected` each, when those of a sample took `real`
/// where `assumed` was expected.
std::int64_t tokens_of(std::int64_t calls, double expected, double assumed, double real) {
  const auto each = assumed > 0 ? expected * real / assumed : real;
  return std::llround(static_cast<double>(calls) * each);
}

}  // namespace

std::vector<CallUsage> estimate(const std::vector<CallUsage>& assumed, std::vector<CallUsage> left,
                                const Sample& sample, const PriceOf& price_of) {
  for (auto& row : left) {
    const auto* all = find(assumed, row);
    const auto* expected = find(sample.assumed, row);
    const auto* real = find(sample.real, row);
    if (row.sent == 0 || !all || !expected || !real) continue;
    const auto share = static_cast<double>(real->sent) / static_cast<double>(expected->sent);
    const auto calls = std::llround(static_cast<double>(all->sent) * share);
    row.sent = std::max<std::int64_t>(0, calls - row.from_state);
    row.input_tokens =
        tokens_of(row.sent, per_call(all->input_tokens, *all), per_call(expected->input_tokens, *expected),
                  per_call(real->input_tokens, *real));
    row.output_tokens =
        tokens_of(row.sent, per_call(all->output_tokens, *all), per_call(expected->output_tokens, *expected),
                  per_call(real->output_tokens, *real));
    row.cost_usd = price_of(row.model, row.input_tokens, row.output_tokens);
  }
  return left;
}

}  // namespace dream::sweep
