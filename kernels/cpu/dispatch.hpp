#pragma once

namespace dream::kernels::cpu {

/// Makes our own kernels use the same family of instructions as oneDNN does. Every kernel calls it before it
/// picks its code; after the first time it costs a load.
void settle_targets();

}  // namespace dream::kernels::cpu
