#include "trace/clocks.hpp"

#include <algorithm>
#include <array>
#include <limits>

namespace dream::trace {

ClockOffset offset_between(std::span<const Passage> root, std::span<const Passage> other) {
  auto least = std::numeric_limits<std::int64_t>::min();
  auto most = std::numeric_limits<std::int64_t>::max();
  for (std::size_t i = 0; i < root.size(); ++i) {
    least = std::max(least, root[i].came - other[i].left);
    most = std::min(most, root[i].left - other[i].came);
  }
  if (least <= 0 && most >= 0) return {0, std::max(-least, most)};
  return {least + (most - least) / 2, (most - least + 1) / 2};
}

std::vector<ClockOffset> compare_clocks(comm::Communicator& comm) {
  std::array<Passage, 8> mine;
  for (auto& passage : mine) {
    passage.came = Trace::steady();
    comm.barrier();
    passage.left = Trace::steady();
  }
  const auto all = comm.all_gather(mine);
  std::vector<ClockOffset> offsets(all.size());
  for (std::size_t r = 1; r < all.size(); ++r) offsets[r] = offset_between(all[0], all[r]);
  return offsets;
}

}  // namespace dream::trace
