#pragma once
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace dream::sweep {

/// Which ranks work. Rank 0 coordinates; with few ranks it works as well.
struct Workers {
  int first = 0;
  int count = 1;

  [[nodiscard]] int rank(int worker) const { return first + worker; }
  [[nodiscard]] bool has(int rank) const { return rank >= first && rank < first + count; }
};

/// coordinator: "dedicated", "working", or "auto": dedicated from 8 ranks on.
[[nodiscard]] Workers choose_workers(int ranks, std::string_view coordinator);

/// Gives each item to a worker: the heaviest first, always to the one that is done with it first, ties to the
/// lower worker. Where all are as fast (`speeds` empty, or equal) that is the least loaded, within 4/3 of the
/// best possible split (Graham 1969). speeds: by worker, above 0, few different ones. Returns a worker for
/// each item. Pure: every rank gets the same answer.
[[nodiscard]] std::vector<int> assign(std::span<const std::int64_t> weights, int workers,
                                      std::span<const double> speeds = {});

}  // namespace dream::sweep
