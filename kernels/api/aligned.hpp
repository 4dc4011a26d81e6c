#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <span>

namespace dream::kernels {

/// Memory on a boundary of 64 bytes (a cache line, and the widest vector), all 0 at first.
template <class T>
class Aligned {
 public:
  Aligned() = default;
  explicit Aligned(std::int64_t size)
      : data_(new (std::align_val_t{64}) T[static_cast<std::size_t>(size)]{}), size_(size) {}

  [[nodiscard]] T* data() const { return data_.get(); }
  [[nodiscard]] std::int64_t size() const { return size_; }
  [[nodiscard]] std::span<T> span() const { return {data_.get(), static_cast<std::size_t>(size_)}; }

 private:
  struct Free {
    void operator()(T* p) const { ::operator delete[](p, std::align_val_t{64}); }
  };
  std::unique_ptr<T[], Free> data_;
  std::int64_t size_ = 0;
};

using AlignedFloats = Aligned<float>;
using AlignedBytes = Aligned<std::byte>;

}  // namespace dream::kernels
