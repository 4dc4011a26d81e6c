#include "device/gpus.hpp"

#include <fmt/format.h>

#include "base/errors.hpp"

namespace dream::device {
namespace {

std::string version(int number) { return fmt::format("{}.{}", number / 1000, number % 1000 / 10); }

}  // namespace

std::string absence_of(int code, std::string_view words, int driver, int run_time) {
  switch (code) {
    case 0:
    case 100:
      return "there is no GPU, or CUDA_VISIBLE_DEVICES hides it";
    case 34:
      return "the libcuda.so.1 that was found is the toolkit's stub and no driver; take it out of "
             "LD_LIBRARY_PATH";
    case 35:
      if (driver == 0) return "there is no driver of NVIDIA (libcuda.so.1)";
      return fmt::format("the driver speaks CUDA {}, and this program {}; install a newer driver",
                         version(driver), version(run_time));
    default:
      throw Error(ExitCode::device,
                  fmt::format("cudaGetDeviceCount: {} (code {}); nvidia-smi on this host should say more",
                              words, code));
  }
}

}  // namespace dream::device
