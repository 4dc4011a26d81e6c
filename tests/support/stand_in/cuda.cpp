// CUDA's driver over host memory: the entry points that src/comm calls. A stream is a thread, so what is not
// waited for is not there yet; memory is only promised by the system, so GiBs cost nothing until they are
// touched.
#include <sys/mman.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>

#include "tests/support/stand_in/control.hpp"
#include "tests/support/stand_in/stream.hpp"

namespace {

constexpr int success = 0, invalid_value = 1, out_of_memory = 2, not_initialized = 3, invalid_context = 201,
              not_ready = 600;
constexpr std::size_t most_bytes = std::size_t{1} << 40;

struct Memory {
  std::mutex mutex;
  std::map<std::uintptr_t, std::size_t> blocks;
};
Memory& memory() {
  static Memory all;
  return all;
}

bool started = false;
thread_local bool has_context = false;

int from_environment(const char* name, int otherwise) {
  const char* text = std::getenv(name);
  return text != nullptr ? std::atoi(text) : otherwise;
}

}  // namespace

dream::stand_in::Control* dream::stand_in::dream_stand_in_control() {
  static Control control;
  static const bool once = [] {
    control.devices = from_environment("DREAM_STAND_IN_GPUS", control.devices);
    control.version = from_environment("DREAM_STAND_IN_NCCL", control.version);
    control.fail_group = from_environment("DREAM_STAND_IN_FAIL_GROUP", -1);
    control.silent_from = from_environment("DREAM_STAND_IN_SILENT_FROM", -1);
    return true;
  }();
  (void)once;
  return &control;
}

bool on_device(const void* begin, std::size_t bytes) {
  auto& all = memory();
  const std::lock_guard lock(all.mutex);
  const auto at = reinterpret_cast<std::uintptr_t>(begin);
  auto block = all.blocks.upper_bound(at);
  if (block == all.blocks.begin()) return false;
  --block;
  return at + bytes <= block->first + block->second;
}

extern "C" {

int cuInit(unsigned) {
  started = true;
  return success;
}
int cuGetErrorString(int code, const char** text) {
  *text = code == success           ? "no error"
          : code == invalid_value   ? "invalid argument"
          : code == out_of_memory   ? "out of memory"
          : code == invalid_context ? "invalid device context"
                                    : "unknown error";
  return success;
}
int cuDeviceGetCount(int* count) {
  if (!started) return not_initialized;
  *count = dream::stand_in::dream_stand_in_control()->devices;
  return success;
}
int cuDeviceGet(int* device, int ordinal) {
  if (!started) return not_initialized;
  if (ordinal < 0 || ordinal >= dream::stand_in::dream_stand_in_control()->devices) return 101;
  *device = ordinal;
  return success;
}
int cuDeviceGetPCIBusId(char* text, int size, int device) {
  std::snprintf(text, static_cast<std::size_t>(size), "0000:%02x:00.0", 16 + device);
  return success;
}
int cuDevicePrimaryCtxRetain(void** context, int) {
  *context = &has_context;
  return success;
}
int cuDevicePrimaryCtxRelease_v2(int) { return success; }
int cuCtxSetCurrent(void* context) {
  has_context = context != nullptr;
  return success;
}

int cuMemAlloc_v2(std::uint64_t* address, std::size_t bytes) {
  if (!has_context) return invalid_context;
  if (bytes == 0) return invalid_value;
  if (bytes > most_bytes) return out_of_memory;
  void* block =
      ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (block == MAP_FAILED) return out_of_memory;
  const std::lock_guard lock(memory().mutex);
  memory().blocks[reinterpret_cast<std::uintptr_t>(block)] = bytes;
  ++dream::stand_in::dream_stand_in_control()->live_buffers;
  *address = reinterpret_cast<std::uint64_t>(block);
  return success;
}
int cuMemFree_v2(std::uint64_t address) {
  const std::lock_guard lock(memory().mutex);
  const auto block = memory().blocks.find(address);
  if (block == memory().blocks.end()) return invalid_value;
  ::munmap(reinterpret_cast<void*>(address), block->second);
  memory().blocks.erase(block);
  --dream::stand_in::dream_stand_in_control()->live_buffers;
  return success;
}

int cuMemcpyHtoDAsync_v2(std::uint64_t to, const void* from, std::size_t bytes, CUstream_st* stream) {
  void* const target = reinterpret_cast<void*>(to);
  if (!has_context) return invalid_context;
  if (!on_device(target, bytes)) return invalid_value;
  stream->worker.push([=] { std::memcpy(target, from, bytes); });
  return success;
}
int cuMemcpyDtoHAsync_v2(void* to, std::uint64_t from, std::size_t bytes, CUstream_st* stream) {
  const void* const source = reinterpret_cast<const void*>(from);
  if (!has_context) return invalid_context;
  if (!on_device(source, bytes)) return invalid_value;
  stream->worker.push([=] { std::memcpy(to, source, bytes); });
  return success;
}

int cuStreamCreate(CUstream_st** stream, unsigned) {
  if (!has_context) return invalid_context;
  *stream = new CUstream_st;
  return success;
}
int cuStreamDestroy_v2(CUstream_st* stream) {
  delete stream;
  return success;
}
int cuStreamQuery(CUstream_st* stream) { return stream->worker.idle() ? success : not_ready; }

}  // extern "C"
