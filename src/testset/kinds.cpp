#include "testset/kinds.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace dream::testset {
namespace {

constexpr std::array<double, kind_count> usual_mix{4, 2, 2, 1, 1};

}  // namespace

std::string_view name_of(Kind kind) {
  constexpr std::array<std::string_view, kind_count> names{"simple", "reasoning", "multi_context",
                                                           "conditional", "unanswerable"};
  return names[static_cast<std::size_t>(kind)];
}

KindCounts counts_of(const config::Testset& settings) {
  std::array<double, kind_count> weights{settings.simple, settings.reasoning, settings.multi_context,
                                         settings.conditional, settings.unanswerable};
  if (std::ranges::all_of(weights, [](double weight) { return weight == 0; })) weights = usual_mix;
  const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
  KindCounts counts{};
  std::array<double, kind_count> rest{};
  std::int64_t left = settings.size;
  for (std::size_t k = 0; k < weights.size(); ++k) {
    const double exact = static_cast<double>(settings.size) * weights[k] / sum;
    counts[k] = static_cast<std::int64_t>(std::floor(exact));
    rest[k] = exact - std::floor(exact);
    left -= counts[k];
  }
  for (; left > 0; --left) {
    const auto most = std::ranges::max_element(rest);
    ++counts[static_cast<std::size_t>(most - rest.begin())];
    *most = -1;
  }
  return counts;
}

}  // namespace dream::testset
