#pragma once
#include "device/gpus.hpp"

namespace dream::device {

/// The GPUs that the twin plays: one, or as tests want it: DREAM_TWIN_GPUS of them with DREAM_TWIN_MIB of
/// memory and compute capability DREAM_TWIN_MAJOR.0; with DREAM_TWIN_DRIVER, as 12020, a driver that is too
/// old.
[[nodiscard]] Gpus find_twins();

}  // namespace dream::device
