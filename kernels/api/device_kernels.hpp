#pragma once
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "kernels/api/activate.hpp"
#include "kernels/api/element.hpp"
#include "kernels/api/embedding.hpp"
#include "kernels/api/rescore.hpp"
#include "kernels/api/residual_norm.hpp"
#include "kernels/api/sequence_attention.hpp"
#include "kernels/api/sequence_pool.hpp"
#include "kernels/api/top_k.hpp"

namespace dream::kernels {

/// Of the bits that they give: raised with a change of them, since it enters keys.
constexpr std::int64_t device_kernels_version = 1;

/// Where a kernel is queued: a cudaStream_t for CUDA, `twin::Run` or null for its twin on the host.
struct Stream {
  void* handle = nullptr;
};

/// The kernels of a GPU. Each call is queued on the stream and returns at once; what a call points to stays
/// until the stream has done it. Throws Error with exit code `device` when a launch is refused.
struct DeviceKernels {
  std::string_view name;
  void (*embedding)(const Embedding&, Element, Stream);
  void (*residual_norm)(const ResidualNorm&, Element, Stream);
  void (*activate)(const Activate&, Element, Stream);
  void (*sequence_attention)(const SequenceAttention&, Element, Stream);
  void (*sequence_pool)(const SequencePool&, Stream);
  void (*normalise_rows)(const NormaliseRows&, Stream);
  void (*top_k)(const TopK&, Stream);
  void (*round_rows)(const RoundRows&, Element, Stream);
  void (*rescore)(const Rescore&, Stream);
};

namespace cuda {
/// Throws NotCompiled in a build without CUDA.
[[nodiscard]] const DeviceKernels& device_kernels();
}  // namespace cuda

/// The same sources compiled for the host, each thread of a block simulated: slow, for tests. Pointers are
/// the host's.
namespace twin {
using Tasks = std::vector<std::function<void()>>;
/// How blocks are run; what does not depend on it needs no barrier that is missing.
struct Run {
  bool backward = false;      ///< the last thread of a block first
  std::int64_t launched = 0;  ///< blocks so far
  Tasks* later = nullptr;     ///< where launches are put, for somebody to do; null: they are done at once
};
[[nodiscard]] const DeviceKernels& device_kernels();
}  // namespace twin

}  // namespace dream::kernels
