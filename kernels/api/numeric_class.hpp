#pragma once
#include <string>
#include <string_view>

/// Which family of instructions the CPU kernels use. It decides the last bits of their results, so it enters
/// the keys of whatever they compute, and all ranks of a sweep must agree on it.
namespace dream::kernels::cpu {

/// "avx512", "avx2" or "sse4": the best that this processor, oneDNN and the environment (DNNL_MAX_CPU_ISA)
/// allow.
[[nodiscard]] std::string numeric_class();

/// Name and version of the library behind the linear layers ("oneDNN 2.6.3"): another one sums in another
/// order.
[[nodiscard]] std::string gemm_library();

/// From now on use no better than this class; for ranks of different processors. To be called before any
/// other kernel of this process, and from one thread. Throws InternalError for an unknown name, for a class
/// above this machine's, and when it comes too late.
void limit_numeric_class(std::string_view name);

}  // namespace dream::kernels::cpu
