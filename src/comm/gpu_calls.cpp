#include "comm/gpu_calls.hpp"

#include <dlfcn.h>
#include <fmt/format.h>

#include <array>
#include <string_view>

#include "base/errors.hpp"

namespace dream::comm {
namespace {

DynamicLibrary open(const std::string& name) {
  const std::array<std::string_view, 1> names{name};
  DynamicLibrary library(names, "moving vectors between GPUs");
  // One handle more, which nobody closes: its threads may outlive the last communicator.
  dlopen(library.path().c_str(), RTLD_NOW | RTLD_NODELETE);
  return library;
}

template <class Function>
void fill(Function*& entry, const DynamicLibrary& library, const char* name) {
  entry = library.symbol<Function>(name);
}

void fill_cuda(GpuCalls& calls) {
  const auto& library = calls.cuda_library;
  // The driver keeps old forms under old names: _v2 is what its headers of today mean by the plain one.
  fill(calls.cuInit, library, "cuInit");
  fill(calls.cuGetErrorString, library, "cuGetErrorString");
  fill(calls.cuDeviceGetCount, library, "cuDeviceGetCount");
  fill(calls.cuDeviceGet, library, "cuDeviceGet");
  fill(calls.cuDeviceGetPCIBusId, library, "cuDeviceGetPCIBusId");
  fill(calls.cuDevicePrimaryCtxRetain, library, "cuDevicePrimaryCtxRetain");
  fill(calls.cuDevicePrimaryCtxRelease, library, "cuDevicePrimaryCtxRelease_v2");
  fill(calls.cuCtxSetCurrent, library, "cuCtxSetCurrent");
  fill(calls.cuMemAlloc, library, "cuMemAlloc_v2");
  fill(calls.cuMemFree, library, "cuMemFree_v2");
  fill(calls.cuMemcpyHtoDAsync, library, "cuMemcpyHtoDAsync_v2");
  fill(calls.cuMemcpyDtoHAsync, library, "cuMemcpyDtoHAsync_v2");
  fill(calls.cuStreamCreate, library, "cuStreamCreate");
  fill(calls.cuStreamDestroy, library, "cuStreamDestroy_v2");
  fill(calls.cuStreamQuery, library, "cuStreamQuery");
}

void fill_nccl(GpuCalls& calls) {
  const auto& library = calls.nccl_library;
  fill(calls.ncclGetVersion, library, "ncclGetVersion");
  fill(calls.ncclGetUniqueId, library, "ncclGetUniqueId");
  fill(calls.ncclCommInitRankConfig, library, "ncclCommInitRankConfig");
  fill(calls.ncclCommFinalize, library, "ncclCommFinalize");
  fill(calls.ncclCommDestroy, library, "ncclCommDestroy");
  fill(calls.ncclCommAbort, library, "ncclCommAbort");
  fill(calls.ncclCommGetAsyncError, library, "ncclCommGetAsyncError");
  fill(calls.ncclGetErrorString, library, "ncclGetErrorString");
  fill(calls.ncclGetLastError, library, "ncclGetLastError");
  fill(calls.ncclGroupStart, library, "ncclGroupStart");
  fill(calls.ncclGroupEnd, library, "ncclGroupEnd");
  fill(calls.ncclBroadcast, library, "ncclBroadcast");
  fill(calls.ncclAllGather, library, "ncclAllGather");
  fill(calls.ncclSend, library, "ncclSend");
  fill(calls.ncclRecv, library, "ncclRecv");
}

}  // namespace

GpuCalls::GpuCalls(const std::string& cuda, const std::string& nccl)
    : cuda_library(open(cuda)), nccl_library(open(nccl)) {
  fill_cuda(*this);
  fill_nccl(*this);
}

void GpuCalls::check(const char* call, int code) const {
  if (code == cuda::success) return;
  const char* text = nullptr;
  if (cuGetErrorString(code, &text) != cuda::success || text == nullptr) text = "unknown error";
  throw Error(ExitCode::device, fmt::format("{}: {} ({})", call, text, code));
}

int GpuCalls::count_devices() const {
  check("cuInit", cuInit(0));
  int count = 0;
  check("cuDeviceGetCount", cuDeviceGetCount(&count));
  if (count == 0)
    throw Error(ExitCode::device, "the driver shows no GPU to this process; see CUDA_VISIBLE_DEVICES");
  return count;
}

int GpuCalls::nccl_version() const {
  int version = 0;
  if (const int code = ncclGetVersion(&version); code != nccl::success)
    throw Error(ExitCode::device, fmt::format("ncclGetVersion: {}", ncclGetErrorString(code)));
  return version;
}

std::string nccl_version_text(int version) {
  return fmt::format("{}.{}.{}", version / 10000, version / 100 % 100, version % 100);
}

}  // namespace dream::comm
