#pragma once
#include <array>
#include <cstdint>

#include "kernels/twin/fibers.hpp"

namespace dream::kernels::twin {

/// As kernels::cuda::Block, on the host.
class Block {
 public:
  Block(Fibers& fibers, int thread, std::int64_t x, std::int64_t y, unsigned char* shared)
      : fibers_(&fibers), thread_(thread), x_(x), y_(y), shared_(shared) {}

  [[nodiscard]] int thread() const { return thread_; }
  [[nodiscard]] int threads() const { return fibers_->threads(); }
  [[nodiscard]] std::int64_t x() const { return x_; }
  [[nodiscard]] std::int64_t y() const { return y_; }
  void sync() const { fibers_->wait_for_block(thread_); }
  [[nodiscard]] float warp_sum(float value) const {
    fibers_->slot(thread_) = value;
    fibers_->wait_for_warp(thread_);
    // The tree of the GPU, by halves: lane i and lane i + 16, and so on.
    std::array<float, 32> sums{};
    for (int lane = 0; lane < 32; ++lane)
      sums[static_cast<std::size_t>(lane)] = fibers_->slot(thread_ / 32 * 32 + lane);
    for (std::size_t half = 16; half > 0; half /= 2)
      for (std::size_t lane = 0; lane < half; ++lane) sums[lane] += sums[lane + half];
    fibers_->wait_for_warp(thread_);  // until all have read
    return sums[0];
  }
  int fetch_add(int* place, int value) const {
    const int before = *place;
    *place = before + value;
    return before;
  }
  [[nodiscard]] unsigned char* shared() const { return shared_; }

 private:
  Fibers* fibers_;
  int thread_;
  std::int64_t x_, y_;
  unsigned char* shared_;
};

}  // namespace dream::kernels::twin
