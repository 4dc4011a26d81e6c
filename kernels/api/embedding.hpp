#pragma once
#include <cstdint>

#include "kernels/api/element.hpp"

// All pointers of a call of a device kernel are into the memory of where it runs. Matrices are row-major
// without gaps; `void` stands for the elements of the precision. Any number of columns and rows will do, none
// included.
namespace dream::kernels {

/// See LayerNorm (layer_norm.hpp).
struct NormWeights {
  const float* scale = nullptr;  ///< (C)
  const float* shift = nullptr;  ///< (C)
  float epsilon = 1e-12F;
};

/// x[r] = norm(words[ids[r]] + positions[places[r]]). The host has checked that ids and places are rows of
/// their tables. Tolerance against the reference: 1e-5 absolute for |scale| <= 1.
struct Embedding {
  const std::int32_t* ids = nullptr;     ///< (rows)
  const std::int32_t* places = nullptr;  ///< (rows)
  const void* words = nullptr;           ///< (V, C)
  const float* positions = nullptr;      ///< (P, C)
  NormWeights norm;
  std::int64_t rows = 0;
  std::int64_t columns = 0;  ///< C
  float* x = nullptr;        ///< (rows, C)
  void* rounded = nullptr;   ///< (rows, C) the same as elements, where it is not null
};

namespace reference {
void embedding(const Embedding& call, Element element);
}

}  // namespace dream::kernels
