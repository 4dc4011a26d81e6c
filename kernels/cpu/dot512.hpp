#pragma once
#include "kernels/api/attention.hpp"
#include "kernels/api/layer_norm.hpp"
#include "kernels/cpu/linear_call.hpp"

/// The kernels in bf16 and int8, for processors whose vectors of 512 bits have dot products of both
/// (AVX512-BF16, AVX512-VNNI). To be called only where supports() says so; elsewhere they throw
/// InternalError.
namespace dream::kernels::cpu::dot512 {

void linear(Precision precision, const LinearCall& call);
void layer_norm(const LayerNorm& norm, MatrixView<float> x, Precision precision, std::byte* rounded);
void attention(const Attention& args, const std::byte* qkv, std::byte* out, std::byte* scratch);
void quantise(const std::byte* x, std::int64_t rows, std::int64_t columns, std::byte* out);

}  // namespace dream::kernels::cpu::dot512
