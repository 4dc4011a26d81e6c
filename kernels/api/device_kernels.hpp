#pragma once
#include <string_view>

#include "kernels/api/activate.hpp"
#include "kernels/api/element.hpp"
#include "kernels/api/embedding.hpp"
#include "kernels/api/residual_norm.hpp"
#include "kernels/api/sequence_attention.hpp"
#include "kernels/api/sequence_pool.hpp"
#include "kernels/api/top_k.hpp"

namespace dream::kernels {

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
};

namespace cuda {
/// Throws NotCompiled in a build without CUDA.
[[nodiscard]] const DeviceKernels& device_kernels();
}  // namespace cuda

/// The same sources compiled for the host, each thread of a block simulated: slow, for tests. Pointers are
/// the host's.
namespace twin {
/// How blocks are run; what does not depend on it needs no barrier that is missing.
struct Run {
  bool backward = false;      ///< the last thread of a block first
  std::int64_t launched = 0;  ///< blocks so far
};
[[nodiscard]] const DeviceKernels& device_kernels();
}  // namespace twin

}  // namespace dream::kernels
