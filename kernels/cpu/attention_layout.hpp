#pragma once
#include <cstdint>

/// Sizes that every instruction set shares, so that scratch is asked for once.
namespace dream::kernels::cpu::attention_layout {

inline constexpr std::int64_t columns = 32;  ///< of a panel
inline constexpr std::int64_t rows = 14;     ///< most queries at a time

[[nodiscard]] constexpr std::int64_t padded(std::int64_t length) {
  return (length + columns - 1) / columns * columns;
}

}  // namespace dream::kernels::cpu::attention_layout
