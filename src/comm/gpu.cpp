#include "comm/gpu.hpp"

#include <fmt/format.h>

#include "base/errors.hpp"

namespace dream::comm {
namespace {

constexpr unsigned no_order_with_the_default_stream = 1;  // CU_STREAM_NON_BLOCKING

int device_of(const GpuCalls& calls, int ordinal) {
  int device = 0;
  calls.check("cuDeviceGet", calls.cuDeviceGet(&device, ordinal));
  return device;
}

}  // namespace

Gpu::Gpu(std::shared_ptr<const GpuCalls> calls, int ordinal) : calls_(std::move(calls)) {
  calls_->check("cuInit", calls_->cuInit(0));
  device_ = device_of(*calls_, ordinal);
  CUctx_st* context = nullptr;
  calls_->check("cuDevicePrimaryCtxRetain", calls_->cuDevicePrimaryCtxRetain(&context, device_));
  try {
    calls_->check("cuCtxSetCurrent", calls_->cuCtxSetCurrent(context));
    calls_->check("cuStreamCreate", calls_->cuStreamCreate(&stream_, no_order_with_the_default_stream));
  } catch (...) {
    calls_->cuDevicePrimaryCtxRelease(device_);
    throw;
  }
}

Gpu::~Gpu() {
  calls_->cuStreamDestroy(stream_);
  calls_->cuDevicePrimaryCtxRelease(device_);
}

bool Gpu::idle() const {
  const int code = calls_->cuStreamQuery(stream_);
  if (code == cuda::not_ready) return false;
  calls_->check("cuStreamQuery", code);
  return true;
}

void Gpu::copy_in(DeviceSpan to, const char* from) const {
  if (to.bytes == 0) return;
  calls_->check("cuMemcpyHtoDAsync",
                calls_->cuMemcpyHtoDAsync(to.data, from, static_cast<std::size_t>(to.bytes), stream_));
}

void Gpu::copy_out(char* to, DeviceSpan from) const {
  if (from.bytes == 0) return;
  calls_->check("cuMemcpyDtoHAsync",
                calls_->cuMemcpyDtoHAsync(to, from.data, static_cast<std::size_t>(from.bytes), stream_));
}

std::string bus_address(const GpuCalls& calls, int ordinal) {
  char text[32] = "";
  calls.check("cuDeviceGetPCIBusId", calls.cuDeviceGetPCIBusId(text, sizeof text, device_of(calls, ordinal)));
  return text;
}

DeviceBuffer::DeviceBuffer(std::shared_ptr<const Gpu> gpu, std::int64_t bytes) : gpu_(std::move(gpu)) {
  if (bytes == 0) return;
  const auto& calls = gpu_->calls();
  calls.check(fmt::format("cuMemAlloc of {} MiB", bytes >> 20).c_str(),
              calls.cuMemAlloc(&span_.data, static_cast<std::size_t>(bytes)));
  span_.bytes = bytes;
}

DeviceBuffer::~DeviceBuffer() {
  if (span_.bytes > 0) gpu_->calls().cuMemFree(span_.data);
}

}  // namespace dream::comm
