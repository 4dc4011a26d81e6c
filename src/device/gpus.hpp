#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace dream::device {

/// A GPU that this process may use.
struct Gpu {
  int index = 0;             ///< among those that this process sees (CUDA_VISIBLE_DEVICES)
  std::string name;          ///< "NVIDIA H200"
  std::string uuid;          ///< the card's own, the same for every process
  int major = 0, minor = 0;  ///< compute capability
  std::int64_t memory_bytes = 0;
  /// What a process takes of it before it asks for any: the context with this program's code. An estimate.
  std::int64_t context_bytes = 0;
};

struct Gpus {
  std::vector<Gpu> list;
  std::string absence;  ///< why there is none; empty where there is one
};

/// The GPUs of this process, none in a build without CUDA. Starts the driver where there is one. Throws Error
/// with exit code `device` when that fails for another reason than that there is no GPU.
[[nodiscard]] Gpus find_gpus();

/// Why there is no GPU, after what the CUDA run time answered: its code, its words for it, and the versions
/// that driver (0: none is installed) and run time speak (13000 is 13.0). Codes that mean it are 34 (the
/// toolkit's stub in the place of the driver), 35 (no driver, or an old one) and 100 (a driver and no GPU);
/// throws Error with exit code `device` for any other but 0. Pure.
[[nodiscard]] std::string absence_of(int code, std::string_view words, int driver, int run_time);

}  // namespace dream::device
