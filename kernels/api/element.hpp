#pragma once
#include <bit>
#include <cstdint>
#include <string_view>

/// In which numbers a GPU stores weights and what passes from kernel to kernel. Sums, norms, softmax and the
/// residual stream are float32 in all of them.
namespace dream::kernels {

enum class Element { fp32, bf16, fp16 };

[[nodiscard]] constexpr std::int64_t bytes_of(Element element) { return element == Element::fp32 ? 4 : 2; }
[[nodiscard]] constexpr std::string_view name_of(Element element) {
  return element == Element::fp32 ? "fp32" : element == Element::bf16 ? "bf16" : "fp16";
}

/// 8 bits of exponent, 7 of mantissa: a float cut in half.
struct Bf16 {
  std::uint16_t bits = 0;
};
/// IEEE half precision: 5 bits of exponent, 10 of mantissa.
struct Fp16 {
  std::uint16_t bits = 0;
};

[[nodiscard]] constexpr float to_float(float x) { return x; }
[[nodiscard]] constexpr float to_float(Bf16 x) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(x.bits) << 16U);
}
[[nodiscard]] constexpr float to_float(Fp16 x) {
  const std::uint32_t sign = (x.bits & 0x8000U) << 16U;
  const std::uint32_t exponent = (x.bits >> 10U) & 31U;
  const std::uint32_t mantissa = x.bits & 0x3FFU;
  if (exponent == 0) {  // 0 and what is smaller than the least normal number
    const float small = static_cast<float>(mantissa) * 0x1p-24F;
    return sign != 0 ? -small : small;
  }
  const auto wide = exponent == 31 ? 255U : exponent + 112U;
  return std::bit_cast<float>(sign | wide << 23U | mantissa << 13U);
}

/// To nearest, ties to even; no number stays none, and what is too great becomes infinite.
template <class T>
[[nodiscard]] constexpr T from_float(float x);

template <>
constexpr float from_float<float>(float x) {
  return x;
}
template <>
constexpr Bf16 from_float<Bf16>(float x) {
  const auto bits = std::bit_cast<std::uint32_t>(x);
  if ((bits & 0x7FFFFFFFU) > 0x7F800000U) return {static_cast<std::uint16_t>(bits >> 16U | 0x40U)};
  return {static_cast<std::uint16_t>((bits + 0x7FFFU + ((bits >> 16U) & 1U)) >> 16U)};
}
template <>
constexpr Fp16 from_float<Fp16>(float x) {
  const auto bits = std::bit_cast<std::uint32_t>(x);
  const std::uint32_t sign = (bits >> 16U) & 0x8000U;
  const std::uint32_t size = bits & 0x7FFFFFFFU;
  const auto with_sign = [sign](std::uint32_t rest) { return Fp16{static_cast<std::uint16_t>(sign | rest)}; };
  if (size > 0x7F800000U) return with_sign(0x7E00U);
  if (size >= 0x477FF000U) return with_sign(0x7C00U);  // from 65520 on
  // Next to 0.5 floats stand 2^-24 apart, as halves do below 2^-14: the addition rounds.
  if (size < 0x38800000U)
    return with_sign(std::bit_cast<std::uint32_t>(std::bit_cast<float>(size) + 0.5F) - 0x3F000000U);
  return with_sign((size + 0xFFFU + ((size >> 13U) & 1U) - 0x38000000U) >> 13U);
}

/// The i-th element of a run of them, on the host.
[[nodiscard]] inline float load(Element element, const void* from, std::int64_t i) {
  if (element == Element::fp32) return static_cast<const float*>(from)[i];
  if (element == Element::bf16) return to_float(static_cast<const Bf16*>(from)[i]);
  return to_float(static_cast<const Fp16*>(from)[i]);
}
inline void store(Element element, void* to, std::int64_t i, float value) {
  if (element == Element::fp32)
    static_cast<float*>(to)[i] = value;
  else if (element == Element::bf16)
    static_cast<Bf16*>(to)[i] = from_float<Bf16>(value);
  else
    static_cast<Fp16*>(to)[i] = from_float<Fp16>(value);
}

}  // namespace dream::kernels
