#pragma once
#include "kernels/api/precision.hpp"
#include "model/network.hpp"

namespace dream::bench {

/// Multiply-adds of a layer's four matrix products for one token, times 2.
[[nodiscard]] double linear_flops(const model::Network& network);
/// Useful work of a text of that many tokens, all layers, padding and norms left out.
[[nodiscard]] double text_flops(const model::Network& network, double tokens);
/// oneDNN's rate on a layer's four matrix products of 6,400 rows, weights packed, in GFLOP per second of one
/// thread's CPU time; 0 where the bench was built without it.
[[nodiscard]] double onednn_gflops(const model::Network& network, kernels::Precision precision);
/// The same of our own kernels.
[[nodiscard]] double own_gflops(const model::Network& network, kernels::Precision precision);

}  // namespace dream::bench
