#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string>

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
  const void* bias = nullptr;     ///< (N) elements; null: none
  void* y = nullptr;              ///< (rows, N) elements, or floats
  std::int64_t rows = 0, inputs = 0, outputs = 0;
  kernels::Then then = kernels::Then::store;  ///< store, gelu_tanh or relu: what cuBLASLt has
  bool to_floats = false;                     ///< y is of floats, whatever the elements; without bias, stored
};

/// Memory that goes with its last owner.
using Memory = std::shared_ptr<std::byte>;
/// A point in an accelerator's queue.
using Mark = std::shared_ptr<void>;
/// Work that is asked for as one: a CUDA graph.
using Recording = std::shared_ptr<void>;

/// What an encoder and an exact search compute with: a GPU, or the GPU's twin on the host. All work is done
/// in the order in which it was asked for, later; what it reads and writes must stay until a mark behind it
/// has been waited for, or drain(). From one thread. Throws Error with exit code `device` for what fails,
/// also when it failed earlier.
class Accelerator {
 public:
  virtual ~Accelerator() = default;
  /// All that decides the bits of its results, beside the program: it enters keys. Equal for equal GPUs.
  [[nodiscard]] virtual std::string numeric_class() const = 0;
  [[nodiscard]] virtual const kernels::DeviceKernels& kernels() const = 0;
  /// Where kernels are queued.
  [[nodiscard]] virtual kernels::Stream stream() const = 0;

  /// Its own memory, on a boundary of 256 bytes, all 0. Throws where it would be more than is allowed.
  [[nodiscard]] Memory memory(std::int64_t bytes);
  /// From now on memory() gives no more than this in all.
  void allow(std::int64_t bytes) { account_->allowed = bytes; }
  [[nodiscard]] std::int64_t bytes_in_use() const { return account_->used; }
  [[nodiscard]] std::int64_t bytes_left() const { return account_->allowed - account_->used; }
  /// The host's, pinned, so that copies run beside the host's work.
  [[nodiscard]] virtual Memory host_memory(std::int64_t bytes) = 0;

  virtual void copy_in(void* to, const void* from_host, std::int64_t bytes) = 0;
  virtual void copy_out(void* to_host, const void* from, std::int64_t bytes) = 0;
  virtual void multiply(const Product& product, kernels::Element element) = 0;

  /// Keeps what `work` asks for (kernels and products) in place of doing it. Every kernel of it must have run
  /// before.
  [[nodiscard]] virtual Recording record(const std::function<void()>& work) = 0;
  /// Asks for all of it again, with the same arguments, at the price of one launch.
  virtual void play(const Recording& recording) = 0;

  /// All that has been asked for so far.
  [[nodiscard]] virtual Mark mark() = 0;
  /// Returns when that is done. Throws where it takes longer than `deadline`.
  virtual void wait(const Mark& mark, const Pulse& pulse) = 0;
  /// For destructors: nothing that was handed over is touched any more. False where that cannot be had; who
  /// owns the memory must then leave it be.
  [[nodiscard]] virtual bool drain() noexcept = 0;

 private:
  struct Account {
    std::int64_t allowed = std::numeric_limits<std::int64_t>::max();
    std::int64_t used = 0;
  };
  [[nodiscard]] virtual Memory allocate(std::int64_t bytes) = 0;

  std::shared_ptr<Account> account_ = std::make_shared<Account>();
};

/// Throws NotCompiled in a build without CUDA, Error where cuBLASLt cannot be loaded or the GPU refuses.
[[nodiscard]] std::unique_ptr<Accelerator> make_cuda_accelerator(const Gpu& gpu);

/// Host memory, the twin's kernels, the reference's products: slow, for tests. It does nothing before it is
/// waited for, so that who is too early finds nothing there.
[[nodiscard]] std::unique_ptr<Accelerator> make_twin_accelerator();

}  // namespace dream::device
