#pragma once
#include <span>

/// The function between the two linear layers of an encoder's MLP, in place. The size is a multiple of 16.
/// Tolerance against the reference: 2e-6 absolute for |x| <= 10.
namespace dream::kernels {

enum class Activation {
  gelu,       ///< x * (1 + erf(x / sqrt(2))) / 2
  gelu_tanh,  ///< x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3))) / 2
  relu        ///< max(x, 0)
};

namespace reference {
void activate(Activation activation, std::span<float> x);
}
namespace cpu {
void activate(Activation activation, std::span<float> x);
}

}  // namespace dream::kernels
