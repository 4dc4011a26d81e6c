#pragma once
#include <cstdint>
#include <string>

#include "base/errors.hpp"
#include "kernels/api/device_kernels.hpp"
#include "kernels/cuda/block.hpp"

#ifdef __CUDACC__
#include <cuda_runtime.h>
#else
#include <cstring>

#include "kernels/api/aligned.hpp"
#endif

namespace dream::kernels::DREAM_BACKEND {

/// How a kernel is spread. A grid without blocks launches nothing.
struct Shape {
  std::int64_t x = 0;
  std::int64_t y = 1;
  int threads = 128;              ///< of a block; a multiple of 32
  std::int64_t shared_bytes = 0;  ///< of a block
};

#ifdef __CUDACC__

template <class Kernel>
__global__ void run_kernel(const Kernel kernel) {
  kernel(Block());
}

/// CUDA keeps an error until somebody takes it, and who asks next would take it for his own.
inline void check_launch(cudaError_t code, const char* kernel, const Shape& shape) {
  if (code == cudaSuccess) return;
  cudaGetLastError();
  throw Error(ExitCode::device, std::string("kernel ") + kernel + ", " + std::to_string(shape.x) + " x " +
                                    std::to_string(shape.y) + " blocks of " + std::to_string(shape.threads) +
                                    " threads with " + std::to_string(shape.shared_bytes) +
                                    " bytes of shared memory: " + cudaGetErrorString(code) + " (code " +
                                    std::to_string(static_cast<int>(code)) + ")");
}

template <class Kernel>
void launch(Kernel kernel, const char* name, const Shape& shape, Stream stream) {
  constexpr std::int64_t without_asking = 48 << 10;
  if (shape.x == 0 || shape.y == 0) return;
  if (shape.shared_bytes > without_asking) {
    check_launch(cudaFuncSetAttribute(run_kernel<Kernel>, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                      static_cast<int>(shape.shared_bytes)),
                 name, shape);
  }
  const dim3 grid(static_cast<unsigned>(shape.x), static_cast<unsigned>(shape.y));
  const dim3 block(static_cast<unsigned>(shape.threads));
  auto* const queue = static_cast<cudaStream_t>(stream.handle);
  void* arguments[] = {&kernel};
  // Not <<<>>>, which would have to be asked by cudaGetLastError whether it was refused.
  check_launch(cudaLaunchKernel(reinterpret_cast<const void*>(&run_kernel<Kernel>), grid, block, arguments,
                                static_cast<std::size_t>(shape.shared_bytes), queue),
               name, shape);
#ifndef NDEBUG
  // What goes wrong inside is told where it was started, but for what is only recorded.
  cudaStreamCaptureStatus recording = cudaStreamCaptureStatusNone;
  check_launch(cudaStreamIsCapturing(queue, &recording), name, shape);
  if (recording == cudaStreamCaptureStatusNone) check_launch(cudaStreamSynchronize(queue), name, shape);
#endif
}

#else

template <class Kernel>
void run_blocks(const Kernel& kernel, const Shape& shape, Run* run) {
  Fibers fibers(shape.threads, run != nullptr && run->backward);
  for (std::int64_t y = 0; y < shape.y; ++y) {
    for (std::int64_t x = 0; x < shape.x; ++x) {
      // Memory of its own for each block: what is beyond it, a sanitizer finds, and floats in it are no
      // numbers until they are written.
      const AlignedBytes shared(shape.shared_bytes);
      if (shared.size() > 0) std::memset(shared.data(), 0xFF, static_cast<std::size_t>(shared.size()));
      auto* const memory = reinterpret_cast<unsigned char*>(shared.data());
      fibers.run([&](int thread) { kernel(Block(fibers, thread, x, y, memory)); });
      if (run != nullptr) ++run->launched;
    }
  }
}

template <class Kernel>
void launch(const Kernel& kernel, const char* /*name*/, const Shape& shape, Stream stream) {
  if (shape.x == 0 || shape.y == 0) return;
  auto* const run = static_cast<Run*>(stream.handle);
  if (run == nullptr || run->later == nullptr) return run_blocks(kernel, shape, run);
  run->later->emplace_back([=] { run_blocks(kernel, shape, run); });
}

#endif

/// Calls work(T()) with the element's type.
template <class Work>
void with_element(Element element, const Work& work) {
  if (element == Element::fp32)
    work(float());
  else if (element == Element::bf16)
    work(Bf16());
  else
    work(Fp16());
}

/// Blocks for `count` things of which each takes `each`.
constexpr std::int64_t blocks_for(std::int64_t count, std::int64_t each) { return (count + each - 1) / each; }

}  // namespace dream::kernels::DREAM_BACKEND
