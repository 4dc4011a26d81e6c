#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/pulse.hpp"
#include "device/gpus.hpp"
#include "kernels/api/device_kernels.hpp"
#include "kernels/api/linear.hpp"

namespace dream::device {

/// y = then(x W^T + b), row-major without gaps, in the accelerator's memory; a row of y depends on its row of
/// x only, and on the number of rows.
struct Product {
  const void* x = nullptr;        ///< (rows, K) elements
  const void* weights = nullptr;  ///< (N, K) elements
  const void* bias = nullptr;     ///< (N) elements
  void* y = nullptr;              ///< (rows, N) elements
  std::int64_t rows = 0, inputs = 0, outputs = 0;
  kernels::Then then = kernels::Then::store;  ///< store, gelu_tanh or relu: what cuBLASLt has
};

/// Memory that goes with its last owner.
using Memory = std::shared_ptr<std::byte>;
/// A point in an accelerator's queue.
using Mark = std::shared_ptr<void>;

/// What an encoder computes with: a GPU, or the GPU's twin on the host. All work is done in the order in
/// which it was asked for, later; what it reads and writes must stay until a mark behind it has been waited
/// for. From one thread. Throws Error with exit code `device` for what fails, also when it failed earlier.
class Accelerator {
 public:
  virtual ~Accelerator() = default;
  [[nodiscard]] virtual const kernels::DeviceKernels& kernels() const = 0;
  /// Where kernels are queued.
  [[nodiscard]] virtual kernels::Stream stream() const = 0;
  /// Its own memory, on a boundary of 256 bytes, all 0.
  [[nodiscard]] virtual Memory memory(std::int64_t bytes) = 0;
  /// The host's, pinned, so that copies run beside the host's work.
  [[nodiscard]] virtual Memory host_memory(std::int64_t bytes) = 0;
  virtual void copy_in(void* to, const void* from_host, std::int64_t bytes) = 0;
  virtual void copy_out(void* to_host, const void* from, std::int64_t bytes) = 0;
  virtual void multiply(const Product& product, kernels::Element element) = 0;
  /// All that has been asked for so far.
  [[nodiscard]] virtual Mark mark() = 0;
  /// Returns when that is done.
  virtual void wait(const Mark& mark, const Pulse& pulse) = 0;
};

/// Throws NotCompiled in a build without CUDA, Error where cuBLASLt cannot be loaded or the GPU refuses.
[[nodiscard]] std::unique_ptr<Accelerator> make_cuda_accelerator(const Gpu& gpu);

/// Host memory, the twin's kernels, the reference's products: slow, for tests (module device_twin).
[[nodiscard]] std::unique_ptr<Accelerator> make_twin_accelerator();

}  // namespace dream::device
