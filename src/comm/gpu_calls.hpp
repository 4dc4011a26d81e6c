#pragma once
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/dynamic_library.hpp"

struct CUstream_st;  // CUDA's own names: a stream made elsewhere in the program is the same type
struct CUctx_st;
struct ncclComm;

/// The entry points of CUDA's driver and of NCCL that this folder calls, in one table that is filled when the
/// program runs: it is built without their headers, and starts where the libraries are absent. What is
/// declared here is the part of their binary interfaces that has not changed since CUDA 11 and NCCL 2.14; a
/// test compares it with nccl.h where there is one (docs/adr/0019).
namespace dream::comm {

using Stream = CUstream_st*;
using DevicePointer = std::uint64_t;  ///< CUdeviceptr

namespace cuda {
inline constexpr int success = 0;
inline constexpr int not_ready = 600;
}  // namespace cuda

namespace nccl {

inline constexpr int success = 0;
inline constexpr int in_progress = 7;
inline constexpr int bytes = 1;  ///< ncclUint8

/// From this version on several ranks may use one GPU, where NCCL_MULTI_RANK_GPU_ENABLE=1 allows it.
inline constexpr int first_that_shares_gpus = 23000;

struct UniqueId {
  char bytes[128];
};

/// The beginning of ncclConfig_t, as it was in 2.14: NCCL copies `size` bytes and takes its own defaults for
/// the rest.
struct Config {
  std::size_t size = sizeof(Config);
  unsigned magic = 0xcafebeef;
  unsigned version = 21400;
  int blocking = 0;
};

}  // namespace nccl

struct GpuCalls {
  /// Loads both libraries, for good: they have threads of their own. Throws Error (exit code `device`) that
  /// names the library, or the entry point that a version lacks.
  explicit GpuCalls(const std::string& cuda = "libcuda.so.1", const std::string& nccl = "libnccl.so.2");

  DynamicLibrary cuda_library;
  DynamicLibrary nccl_library;

  // CUDA's driver; all return cuda::success or an error.
  int (*cuInit)(unsigned flags);
  int (*cuGetErrorString)(int code, const char** text);
  int (*cuDeviceGetCount)(int* count);
  int (*cuDeviceGet)(int* device, int ordinal);
  int (*cuDeviceGetPCIBusId)(char* text, int size, int device);
  int (*cuDevicePrimaryCtxRetain)(CUctx_st** context, int device);
  int (*cuDevicePrimaryCtxRelease)(int device);
  int (*cuCtxSetCurrent)(CUctx_st* context);
  int (*cuMemAlloc)(DevicePointer* memory, std::size_t bytes);
  int (*cuMemFree)(DevicePointer memory);
  int (*cuMemcpyHtoDAsync)(DevicePointer to, const void* from, std::size_t bytes, Stream stream);
  int (*cuMemcpyDtoHAsync)(void* to, DevicePointer from, std::size_t bytes, Stream stream);
  int (*cuStreamCreate)(Stream* stream, unsigned flags);
  int (*cuStreamDestroy)(Stream stream);
  int (*cuStreamQuery)(Stream stream);

  // NCCL; all return nccl::success, nccl::in_progress or an error.
  int (*ncclGetVersion)(int* version);
  int (*ncclGetUniqueId)(nccl::UniqueId* id);
  int (*ncclCommInitRankConfig)(ncclComm** comm, int ranks, nccl::UniqueId id, int rank, nccl::Config* how);
  int (*ncclCommFinalize)(ncclComm* comm);
  int (*ncclCommDestroy)(ncclComm* comm);
  int (*ncclCommAbort)(ncclComm* comm);
  int (*ncclCommGetAsyncError)(ncclComm* comm, int* code);
  const char* (*ncclGetErrorString)(int code);
  const char* (*ncclGetLastError)(ncclComm* comm);
  int (*ncclGroupStart)();
  int (*ncclGroupEnd)();
  int (*ncclBroadcast)(const void* from, void* to, std::size_t count, int type, int root, ncclComm* comm,
                       Stream stream);
  int (*ncclAllGather)(const void* from, void* to, std::size_t count, int type, ncclComm* comm,
                       Stream stream);
  int (*ncclSend)(const void* from, std::size_t count, int type, int peer, ncclComm* comm, Stream stream);
  int (*ncclRecv)(void* to, std::size_t count, int type, int peer, ncclComm* comm, Stream stream);

  /// Starts the driver: throws Error (exit code `device`) where it has no GPU for this process.
  [[nodiscard]] int count_devices() const;
  /// As ncclGetVersion gives it: 22809 is 2.28.9.
  [[nodiscard]] int nccl_version() const;
  /// Throws Error with the driver's own words for a code that is no success.
  void check(const char* call, int code) const;
};

/// 22809 -> "2.28.9"
[[nodiscard]] std::string nccl_version_text(int version);

}  // namespace dream::comm
