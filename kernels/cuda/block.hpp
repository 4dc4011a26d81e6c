#pragma once
#include <cstdint>

// The thread-block interface (ADR 18): what a kernel may use of a GPU. A kernel is a struct of arguments with
//   DREAM_DEVICE void operator()(const Block& block) const
// which every thread of every block runs. nvcc compiles it for the GPU with the body below, any other
// compiler for the host with that of kernels/twin/block.hpp, which simulates the threads.
#ifdef __CUDACC__

#define DREAM_DEVICE __device__
#define DREAM_BACKEND cuda

namespace dream::kernels::cuda {

/// The block that the calling thread belongs to. Blocks have whole warps of 32 threads. What says "all
/// threads" must be reached by all threads of the block (of the warp), or by none any more.
class Block {
 public:
  [[nodiscard]] __device__ int thread() const { return static_cast<int>(threadIdx.x); }
  [[nodiscard]] __device__ int threads() const { return static_cast<int>(blockDim.x); }
  /// Of the grid.
  [[nodiscard]] __device__ std::int64_t x() const { return blockIdx.x; }
  [[nodiscard]] __device__ std::int64_t y() const { return blockIdx.y; }

  /// All threads: what each has written to memory is seen by the others afterwards.
  __device__ void sync() const { __syncthreads(); }
  /// All threads of the warp: the sum of their values, added as a tree, so that all get the same bits.
  [[nodiscard]] __device__ float warp_sum(float value) const {
    for (int bits = 16; bits > 0; bits /= 2) value += __shfl_xor_sync(0xFFFFFFFFU, value, bits);
    return value;
  }
  /// Adds to a place in shared memory and gives what was there.
  __device__ int fetch_add(int* place, int value) const { return atomicAdd(place, value); }
  /// The block's shared memory, on a boundary of 16 bytes; its values are anything at first.
  [[nodiscard]] __device__ unsigned char* shared() const {
    extern __shared__ __align__(16) unsigned char memory[];
    return memory;
  }
};

}  // namespace dream::kernels::cuda

#else

#define DREAM_DEVICE
#define DREAM_BACKEND twin

#include "kernels/twin/block.hpp"

#endif
