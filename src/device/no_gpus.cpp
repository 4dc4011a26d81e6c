// In the place of cuda_gpus.cpp and cuda_accelerator.cpp, in a build without CUDA.
#include "base/errors.hpp"
#include "device/accelerator.hpp"

namespace dream::device {

Gpus find_gpus() { return {{}, "this build has no code for GPUs"}; }

std::unique_ptr<Accelerator> make_cuda_accelerator(const Gpu& /*gpu*/) {
  throw NotCompiled("an encoder on a GPU", "DREAM_WITH_CUDA=ON");
}

}  // namespace dream::device
