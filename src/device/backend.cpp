#include "device/backend.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "device/twin.hpp"
#include "dream_version.hpp"

namespace dream::device {
namespace {

/// Until somebody has run the kernels on a GPU and compared the results, `auto` does not choose one. Set with
/// the commit that records such a run in docs/benchmarks.md.
constexpr bool ran_on_a_gpu = false;

/// What the machine code is made for; older GPUs lack bfloat16.
constexpr int least_major = 8;

constexpr std::string_view instead = "or write \"cpu\" or \"auto\"";

std::string forced(std::string_view backend) { return fmt::format("device.backend = \"{}\"", backend); }

std::string gibibytes(double bytes) { return fmt::format("{:.2f} GiB", bytes / (1 << 30)); }

std::optional<Refusal> no_refusal() { return std::nullopt; }

constexpr std::array backends{
    BackendRow{"cuda", refusal_of_build, find_gpus, make_cuda_accelerator},
    BackendRow{"twin", no_refusal, find_twins, [](const Gpu& /*gpu*/) { return make_twin_accelerator(); }}};

}  // namespace

std::string describe_build() {
  if (!version::has_cuda) return fmt::format("cpu; cuda {}", version::cuda);
  return fmt::format("cpu; cuda: {}{}", version::cuda,
                     ran_on_a_gpu ? "" : "; its kernels have never run on a GPU, so auto is cpu");
}

std::optional<Refusal> refusal_of_build() {
  if (version::has_cuda) return std::nullopt;
  return Refusal{ExitCode::config,
                 fmt::format("{}: this build has no code for GPUs (cuda {}); configure one with "
                             "-DDREAM_WITH_CUDA=ON where nvcc is, {}",
                             forced("cuda"), version::cuda, instead)};
}

const BackendRow* backend_row(std::string_view name) {
  const auto* const row = std::ranges::find(backends, name, &BackendRow::name);
  return row != backends.end() ? row : nullptr;
}

const Gpu& gpu_of(const Gpus& gpus, int local_rank) {
  DREAM_CHECK(!gpus.list.empty() && local_rank >= 0, "a GPU for a rank where there is none");
  return gpus.list[static_cast<std::size_t>(local_rank) % gpus.list.size()];
}

std::optional<Refusal> refusal_of_gpus(const Gpus& gpus, std::string_view backend) {
  if (gpus.list.empty()) {
    return Refusal{ExitCode::device, fmt::format("{}: {}; start the ranks where GPUs are, {}",
                                                 forced(backend), gpus.absence, instead)};
  }
  for (const auto& gpu : gpus.list) {
    if (gpu.major >= least_major) continue;
    return Refusal{
        ExitCode::device,
        fmt::format("{}: GPU {} ({}) has compute capability {}.{}, and this program needs {}.0 or more; "
                    "hide it with CUDA_VISIBLE_DEVICES, {}",
                    forced(backend), gpu.index, gpu.name, gpu.major, gpu.minor, least_major, instead)};
  }
  return std::nullopt;
}

std::optional<Refusal> refusal_of_seats(std::span<const Seat> seats, int ranks_per_gpu) {
  std::map<std::string, std::vector<std::size_t>> of_card;  // the ranks, ascending
  for (std::size_t rank = 0; rank < seats.size(); ++rank) {
    if (!seats[rank].uuid.empty()) of_card[seats[rank].host + '/' + seats[rank].uuid].push_back(rank);
  }
  for (const auto& [card, ranks] : of_card) {
    if (std::ssize(ranks) <= ranks_per_gpu) continue;
    const auto& seat = seats[ranks.front()];
    return Refusal{ExitCode::device,
                   fmt::format("device.ranks_per_gpu = {}: {} ranks share the GPU {} ({}) on {}, the first "
                               "is rank {}; start fewer ranks on that host, or write {}",
                               ranks_per_gpu, ranks.size(), seat.gpu, seat.uuid, seat.host, ranks.front(),
                               ranks.size())};
  }
  return std::nullopt;
}

std::int64_t part_of(const Gpu& gpu, int ranks, double memory_share) {
  const auto allowed = memory_share * static_cast<double>(gpu.memory_bytes);
  return static_cast<std::int64_t>(allowed) / ranks - gpu.context_bytes;
}

std::optional<Refusal> refusal_of_demands(std::span<const Demand> demands, int ranks, const Gpu& gpu,
                                          double memory_share) {
  double one = static_cast<double>(gpu.context_bytes);
  std::string terms = one > 0 ? "context " + gibibytes(one) : "";
  for (const auto& demand : demands) {
    one += static_cast<double>(demand.weights) + static_cast<double>(demand.buffers);
    terms += fmt::format("{}{}: weights {} + buffers {}", terms.empty() ? "" : "; ", demand.model,
                         gibibytes(static_cast<double>(demand.weights)),
                         gibibytes(static_cast<double>(demand.buffers)));
  }
  const double all = one * ranks;
  const double allowed = memory_share * static_cast<double>(gpu.memory_bytes);
  if (all <= allowed) return std::nullopt;
  return Refusal{
      ExitCode::device,
      fmt::format("device.memory_share = {} of the {} of GPU {} ({}) is {}, and {} x ({}) is {}; start fewer "
                  "ranks on it, raise the share, or take a smaller model",
                  memory_share, gibibytes(static_cast<double>(gpu.memory_bytes)), gpu.index, gpu.name,
                  gibibytes(allowed), ranks == 1 ? "1 rank" : fmt::format("{} ranks", ranks), terms,
                  gibibytes(all))};
}

}  // namespace dream::device
