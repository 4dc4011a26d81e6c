#pragma once

namespace dream::kernels::cpu {

/// Makes all kernels use the instructions of this process's numeric class. Every kernel calls it before it
/// picks its code; after the first time it costs a load.
void settle_targets();

}  // namespace dream::kernels::cpu
