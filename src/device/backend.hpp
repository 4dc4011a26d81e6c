#pragma once
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/errors.hpp"
#include "device/accelerator.hpp"
#include "device/gpus.hpp"

/// Whether models may run on GPUs. Reasons against it name the key, what was found, and a remedy; what they
/// are about (a rank, a host) the caller adds.
namespace dream::device {

/// What speaks against device.backend = "cuda".
struct Refusal {
  ExitCode code = ExitCode::device;
  std::string text;
};

/// What this build has for GPUs, in a line for --version.
[[nodiscard]] std::string describe_build();

/// What this build lacks for "cuda", wherever it runs.
[[nodiscard]] std::optional<Refusal> refusal_of_build();

/// A row of the table of accelerators, which device.backend names.
struct BackendRow {
  std::string_view name;
  std::optional<Refusal> (*refusal)();  ///< of the build
  Gpus (*find)();
  std::unique_ptr<Accelerator> (*open)(const Gpu& gpu);
};

/// Of that name; null for "cpu", and for "auto" until the kernels have run on a GPU (see describe_build()).
[[nodiscard]] const BackendRow* backend_row(std::string_view name);

/// The GPU of the local_rank-th rank of a host that sees these: round about.
[[nodiscard]] const Gpu& gpu_of(const Gpus& gpus, int local_rank);

/// What the machine lacks: a GPU, or one that this program has code for. Pure.
[[nodiscard]] std::optional<Refusal> refusal_of_gpus(const Gpus& gpus, std::string_view backend = "cuda");

/// Where a rank would compute.
struct Seat {
  std::string host;
  std::string gpu;   ///< its name
  std::string uuid;  ///< equal for ranks that share the card; empty: it has none
};

/// What speaks against more than device.ranks_per_gpu ranks on one card; seats[r] is rank r's. Pure.
[[nodiscard]] std::optional<Refusal> refusal_of_seats(std::span<const Seat> seats, int ranks_per_gpu);

/// Bytes on the GPU that one rank needs for a model.
struct Demand {
  std::string model;  ///< its name in the config
  std::int64_t weights = 0;
  std::int64_t buffers = 0;
};

/// Bytes that each of `ranks` ranks may take of a GPU with memory() (Accelerator::allow()). Pure.
[[nodiscard]] std::int64_t part_of(const Gpu& gpu, int ranks, double memory_share);

/// What speaks against `ranks` ranks with these models on a GPU, of whose memory they may use that share. In
/// the text is the sum. Pure.
[[nodiscard]] std::optional<Refusal> refusal_of_demands(std::span<const Demand> demands, int ranks,
                                                        const Gpu& gpu, double memory_share);

}  // namespace dream::device
