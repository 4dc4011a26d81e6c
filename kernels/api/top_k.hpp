#pragma once
#include <bit>
#include <cstdint>

namespace dream::kernels {

/// A score and its row in one number: greater is better, which is a greater score, and of equal scores the
/// lesser index. 0 is no hit; a score that is no number gives none. Indices are below 2^32 - 1.
using Hit = std::uint64_t;

[[nodiscard]] constexpr Hit hit_of(float score, std::uint32_t index) {
  const auto bits = std::bit_cast<std::uint32_t>(score + 0.0F);  // one zero, not two
  if ((bits & 0x7FFFFFFFU) > 0x7F800000U) return 0;
  const std::uint32_t ordered = (bits >> 31U) != 0 ? ~bits : bits | 0x80000000U;
  return static_cast<std::uint64_t>(ordered) << 32U | (0xFFFFFFFFU - index);
}
[[nodiscard]] constexpr float score_of(Hit hit) {
  const auto ordered = static_cast<std::uint32_t>(hit >> 32U);
  return std::bit_cast<float>((ordered >> 31U) != 0 ? ordered & 0x7FFFFFFFU : ~ordered);
}
[[nodiscard]] constexpr std::uint32_t index_of(Hit hit) {
  return 0xFFFFFFFFU - static_cast<std::uint32_t>(hit);
}

/// Takes a tile of scores into the best so far, query by query. Begin with `best` all 0; in whatever tiles
/// the scores come, the result is the same.
struct TopK {
  const float* scores = nullptr;  ///< (queries, N)
  std::int64_t queries = 0;
  std::int64_t columns = 0;  ///< N
  std::uint32_t first = 0;   ///< index of the tile's first column
  std::int64_t k = 0;        ///< at most most_k
  Hit* best = nullptr;       ///< (queries, k), best first
};

constexpr std::int64_t most_k = 1024;

namespace reference {
void top_k(const TopK& call);
}

}  // namespace dream::kernels
