#include "kernels/api/top_k.hpp"

#include <algorithm>
#include <functional>
#include <vector>

namespace dream::kernels::reference {

void top_k(const TopK& call) {
  for (std::int64_t q = 0; q < call.queries; ++q) {
    auto* const best = call.best + q * call.k;
    std::vector<Hit> hits(best, best + call.k);
    for (std::int64_t i = 0; i < call.columns; ++i)
      hits.push_back(hit_of(call.scores[q * call.columns + i], call.first + static_cast<std::uint32_t>(i)));
    std::ranges::sort(hits, std::greater());
    std::copy_n(hits.begin(), call.k, best);
  }
}

}  // namespace dream::kernels::reference
