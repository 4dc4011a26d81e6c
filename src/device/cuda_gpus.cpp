#include <cuda_runtime_api.h>
#include <fmt/format.h>

#include "base/errors.hpp"
#include "device/gpus.hpp"

namespace dream::device {
namespace {

std::string uuid_of(const cudaUUID_t& uuid) {
  std::string text;
  for (const char byte : uuid.bytes) text += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  return text;
}

/// A context on Hopper is said to take about that much; nobody has measured ours yet.
constexpr std::int64_t context_bytes = 512LL << 20;

Gpu describe(int index) {
  cudaDeviceProp found{};
  if (const auto code = cudaGetDeviceProperties(&found, index); code != cudaSuccess) {
    throw Error(ExitCode::device, fmt::format("cudaGetDeviceProperties of GPU {}: {} (code {})", index,
                                              cudaGetErrorString(code), static_cast<int>(code)));
  }
  return {index,        found.name,  uuid_of(found.uuid),
          found.major,  found.minor, static_cast<std::int64_t>(found.totalGlobalMem),
          context_bytes};
}

}  // namespace

Gpus find_gpus() {
  int count = 0;
  const auto code = cudaGetDeviceCount(&count);  // leaves the count alone where there is no driver
  Gpus gpus;
  if (code != cudaSuccess || count == 0) {
    int driver = 0, run_time = 0;
    cudaDriverGetVersion(&driver);
    cudaRuntimeGetVersion(&run_time);
    gpus.absence = absence_of(static_cast<int>(code), cudaGetErrorString(code), driver, run_time);
    return gpus;
  }
  for (int i = 0; i < count; ++i) gpus.list.push_back(describe(i));
  return gpus;
}

}  // namespace dream::device
