#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <span>

namespace dream::kernels {

/// Floats on a boundary of 64 bytes (a cache line, and the widest vector), all 0 at first.
class AlignedFloats {
 public:
  AlignedFloats() = default;
  explicit AlignedFloats(std::int64_t size)
      : data_(new (std::align_val_t{64}) float[static_cast<std::size_t>(size)]{}), size_(size) {}

  [[nodiscard]] float* data() const { return data_.get(); }
  [[nodiscard]] std::int64_t size() const { return size_; }
  [[nodiscard]] std::span<float> span() const { return {data_.get(), static_cast<std::size_t>(size_)}; }

 private:
  struct Free {
    void operator()(float* p) const { ::operator delete[](p, std::align_val_t{64}); }
  };
  std::unique_ptr<float[], Free> data_;
  std::int64_t size_ = 0;
};

}  // namespace dream::kernels
