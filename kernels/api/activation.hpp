#pragma once

namespace dream::kernels {

/// The function between the two linear layers of an encoder's MLP.
enum class Activation {
  gelu,       ///< x * (1 + erf(x / sqrt(2))) / 2
  gelu_tanh,  ///< x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3))) / 2
  relu        ///< max(x, 0)
};

}  // namespace dream::kernels
