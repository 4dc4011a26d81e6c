#pragma once
#include <span>
#include <string>
#include <string_view>

#include "kernels/api/precision.hpp"

/// Which family of instructions the CPU kernels use. It decides the last bits of their results, so it enters
/// the keys of whatever they compute, and all ranks of a sweep must agree on it.
namespace dream::kernels::cpu {

/// All of this kind of processor, the least capable first: "sse4", "avx2", "avx512" and "avx512_bf16" (with
/// VNNI) on x86-64, "neon" on arm64.
[[nodiscard]] std::span<const std::string_view> numeric_classes();

/// The best of them that this processor and the environment (DREAM_MAX_CPU_ISA, one of these names) allow.
[[nodiscard]] std::string numeric_class();

/// What decides the last bits of results in that precision: version of the kernels and instructions they use
/// ("kernels 2 avx512"). Float32 is the same with and without the dot products of bfloat16.
[[nodiscard]] std::string numeric_identity(Precision precision);

/// From now on use no better than this class; for ranks of different processors. To be called before any
/// other kernel of this process, and from one thread. Throws InternalError for an unknown name, for a class
/// above this machine's, and when it comes too late.
void limit_numeric_class(std::string_view name);

}  // namespace dream::kernels::cpu
