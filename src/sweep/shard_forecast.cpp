#include "sweep/shard_forecast.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/host.hpp"
#include "comm/agree.hpp"
#include "device/exact_search.hpp"
#include "parts/chunks.hpp"
#include "stages/index/shard.hpp"

namespace dream::sweep {
namespace {

/// Chunks that an index will hold, by bucket. Collective.
std::vector<std::int64_t> count_rows(Run& run, int chunk_node) {
  std::vector<std::int64_t> rows(static_cast<std::size_t>(run.plan.parts_of(run.node(chunk_node))));
  comm::agree(run.comm, [&] {
    for (int bucket = run.comm.rank(); bucket < std::ssize(rows); bucket += run.comm.size()) {
      run.pulse();
      for (const auto& document : parts::load_chunks(run.parts.open(run.key(chunk_node, bucket))))
        rows[static_cast<std::size_t>(bucket)] += std::ranges::count_if(document.chunks, &Chunk::indexed);
    }
  });
  run.comm.all_reduce(rows, comm::Reduce::sum);
  return rows;
}

void check_fit(const Run& run, const Node& index, const std::vector<std::int64_t>& rows) {
  const auto& name = run.node(index.inputs.at(1)).embedder;
  const auto columns = run.models.embedder(name).dimension();
  std::int64_t most = 0;
  for (const auto& buckets : run.plan.shards) {
    std::int64_t sum = 0;
    for (const int bucket : buckets) sum += rows[static_cast<std::size_t>(bucket)];
    most = std::max(most, sum);
  }
  const auto needed = device::ExactSearch::bytes_of(most, columns, {});
  const auto left = run.accelerator->bytes_left();
  if (needed <= left) return;
  const auto mebibytes = [](std::int64_t bytes) { return static_cast<double>(bytes) / (1 << 20); };
  throw Error(
      ExitCode::device,
      fmt::format("index.shards = {}: the largest shard of {} x {} numbers needs {:.1f} MiB of the GPU, "
                  "and beside the models {:.1f} MiB are left of this rank's part of "
                  "device.memory_share = {} (rank {} on {}); raise index.shards or the share, or start "
                  "fewer ranks on the GPU",
                  run.config.index.shards, most, columns, mebibytes(needed), mebibytes(left),
                  run.config.device.memory_share, run.comm.rank(), host_name()));
}

}  // namespace

void check_shards_fit(Run& run) {
  if (!run.accelerator || run.config.index.factory != index::flat || pending(run, Stage::search).empty())
    return;
  for (const int number : run.plan.nodes_of(Stage::index)) {
    const auto& node = run.node(number);
    if (!run.models.embedders.contains(run.node(node.inputs.at(1)).embedder)) continue;  // an endpoint's
    const auto rows = count_rows(run, node.inputs.at(0));
    comm::agree(run.comm, [&] { check_fit(run, node, rows); });
  }
}

}  // namespace dream::sweep
