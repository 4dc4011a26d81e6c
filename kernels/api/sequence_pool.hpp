#pragma once
#include <cstdint>

#include "kernels/api/pool.hpp"

namespace dream::kernels {

/// One vector for each sequence, pooled as in pool.hpp over its rows from `prompt` on, but never without its
/// last one; an empty sequence has a vector of zeros.
struct SequencePool {
  const float* x = nullptr;               ///< (rows, C)
  const std::int64_t* offsets = nullptr;  ///< (sequences + 1)
  std::int64_t sequences = 0;
  std::int64_t columns = 0;  ///< C
  std::int64_t prompt = 0;
  Pooling pooling = Pooling::mean;
  float* out = nullptr;     ///< C values at every `stride`-th
  std::int64_t stride = 0;  ///< values from one sequence's vector to the next one's; at least C
};

/// Scales each row to length 1; one of length below 1e-12 stays as it is. Tolerance: 1e-6 absolute.
struct NormaliseRows {
  float* x = nullptr;  ///< (rows, C)
  std::int64_t rows = 0;
  std::int64_t columns = 0;  ///< C
};

namespace reference {
void sequence_pool(const SequencePool& call);
void normalise_rows(const NormaliseRows& call);
}  // namespace reference

}  // namespace dream::kernels
