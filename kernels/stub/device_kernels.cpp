// In the place of kernels/cuda, where that is not compiled.
#include "kernels/api/device_kernels.hpp"

#include "base/errors.hpp"

namespace dream::kernels::cuda {

const DeviceKernels& device_kernels() { throw NotCompiled("the kernels of a GPU", "DREAM_WITH_CUDA=ON"); }

}  // namespace dream::kernels::cuda
