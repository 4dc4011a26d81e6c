#pragma once
#include <cstdint>

namespace dream::stats {

/// Random words by counter (SplitMix64): stream s of a seed is the same whoever draws it, so resample s may
/// be drawn by any thread or rank. Not for secrets.
class Random {
 public:
  Random(std::uint64_t seed, std::uint64_t stream)
      : state_(mix(mix(seed) + stream * 0xD1342543DE82EF95ULL)) {}

  [[nodiscard]] std::uint64_t next() {
    state_ += 0x9E3779B97F4A7C15ULL;
    return mix(state_);
  }

  /// Even over 0 .. n - 1, by Lemire's rejection; n > 0.
  [[nodiscard]] std::uint32_t below(std::uint32_t n) {
    auto product = (next() >> 32) * n;
    if (static_cast<std::uint32_t>(product) < n) {
      const std::uint32_t least = (0 - n) % n;
      while (static_cast<std::uint32_t>(product) < least) product = (next() >> 32) * n;
    }
    return static_cast<std::uint32_t>(product >> 32);
  }

  /// Even over [0, 1).
  [[nodiscard]] double uniform() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

 private:
  [[nodiscard]] static std::uint64_t mix(std::uint64_t z) {
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31);
  }

  std::uint64_t state_;
};

}  // namespace dream::stats
