#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "comm/gpu_calls.hpp"

namespace dream::comm {

/// Bytes in a GPU's memory; it owns nothing. No std::span, so that what reads host memory does not take it.
struct DeviceSpan {
  DevicePointer data = 0;
  std::int64_t bytes = 0;

  [[nodiscard]] DeviceSpan part(std::int64_t begin, std::int64_t count) const {
    return {data + static_cast<DevicePointer>(begin), count};
  }
};

/// A GPU as this rank uses it, with one stream. The driver's primary context, so what other parts of the
/// program allocate on the same GPU can be passed here. It is the calling thread's current context as long as
/// the object lives; all calls come from that thread.
class Gpu {
 public:
  /// Throws Error (exit code `device`).
  Gpu(std::shared_ptr<const GpuCalls> calls, int ordinal);
  ~Gpu();
  Gpu(const Gpu&) = delete;
  Gpu& operator=(const Gpu&) = delete;

  [[nodiscard]] const GpuCalls& calls() const { return *calls_; }
  [[nodiscard]] Stream stream() const { return stream_; }

  /// Whether all that the stream was given has been done. Throws Error for what failed there.
  [[nodiscard]] bool idle() const;
  /// On the stream. `from` must stay until idle().
  void copy_in(DeviceSpan to, const char* from) const;
  /// The same; the calling thread may have to wait for what the stream does before it.
  void copy_out(char* to, DeviceSpan from) const;

 private:
  std::shared_ptr<const GpuCalls> calls_;
  int device_ = 0;
  Stream stream_ = nullptr;
};

/// Where a GPU is plugged in ("0000:3b:00.0"): equal for two ranks of a host that use the same one.
[[nodiscard]] std::string bus_address(const GpuCalls& calls, int ordinal);

/// Memory of a GPU.
class DeviceBuffer {
 public:
  /// 0 bytes are allowed and take none. Throws Error when there are not so many.
  DeviceBuffer(std::shared_ptr<const Gpu> gpu, std::int64_t bytes);
  ~DeviceBuffer();
  DeviceBuffer(DeviceBuffer&& other) noexcept
      : gpu_(std::move(other.gpu_)), span_(std::exchange(other.span_, {})) {}
  DeviceBuffer& operator=(DeviceBuffer&& other) noexcept {
    std::swap(gpu_, other.gpu_);
    std::swap(span_, other.span_);
    return *this;
  }

  [[nodiscard]] DeviceSpan span() const { return span_; }

 private:
  std::shared_ptr<const Gpu> gpu_;
  DeviceSpan span_;
};

}  // namespace dream::comm
