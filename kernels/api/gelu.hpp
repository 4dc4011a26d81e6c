#pragma once
#include <span>

/// x = x * (1 + erf(x / sqrt(2))) / 2 in place: the exact GELU of BERT, not its tanh approximation. The size
/// is a multiple of 16. Tolerance against the reference: 2e-6 absolute for |x| <= 10.
namespace dream::kernels {

namespace reference {
void gelu(std::span<float> x);
}
namespace cpu {
void gelu(std::span<float> x);
}

}  // namespace dream::kernels
