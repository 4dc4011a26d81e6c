#pragma once
#include <cstdint>

#include "kernels/api/element.hpp"
#include "kernels/api/top_k.hpp"

namespace dream::kernels {

/// to[r, c] = from[r, c] as elements, and 0 in the columns that are added.
struct RoundRows {
  const float* from = nullptr;  ///< (rows, columns)
  std::int64_t rows = 0;
  std::int64_t columns = 0;
  std::int64_t wide = 0;  ///< at least `columns`
  void* to = nullptr;     ///< (rows, wide) elements
};

/// The scores of hits anew, from float32 vectors, by the dot product of fixed order of dot/dot.hpp, bit by
/// bit: what top_k selects by, is rounded as elements are.
struct Rescore {
  const float* questions = nullptr;  ///< (queries, D)
  const float* vectors = nullptr;    ///< (N, D)
  const Hit* hits = nullptr;         ///< (queries, k); index_of() is a row of `vectors`
  std::int64_t queries = 0;
  std::int64_t k = 0;
  std::int64_t columns = 0;  ///< D
  float* scores = nullptr;   ///< (queries, k); 0 where there is no hit
};

namespace reference {
void round_rows(const RoundRows& call, Element element);
void rescore(const Rescore& call);
}  // namespace reference

}  // namespace dream::kernels
