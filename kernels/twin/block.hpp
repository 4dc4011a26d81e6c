#pragma once
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
  [[nodiscard]] float shuffle_xor(float value, int bits) const {
    fibers_->slot(thread_) = value;
    fibers_->wait_for_warp(thread_);
    const float other = fibers_->slot(thread_ ^ bits);
    fibers_->wait_for_warp(thread_);  // until all have read
    return other;
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
