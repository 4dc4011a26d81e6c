#pragma once
#include "kernels/cuda/block.hpp"

namespace dream::kernels::DREAM_BACKEND {

/// Floats of shared memory that sum() needs for a block of that size.
constexpr int sum_floats(int threads) { return threads / 32; }

/// All threads: the sum of their values, in an order that depends on nothing but the size of the block, so
/// that all get the same bits. `scratch` is free again when it returns.
DREAM_DEVICE inline float sum(const Block& block, float value, float* scratch) {
  value = block.warp_sum(value);
  if (block.thread() % 32 == 0) scratch[block.thread() / 32] = value;
  block.sync();
  float total = 0;
  for (int warp = 0; warp < sum_floats(block.threads()); ++warp) total += scratch[warp];
  block.sync();
  return total;
}

}  // namespace dream::kernels::DREAM_BACKEND
