#include "kernels/cpu/dot512.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/dot512.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "kernels/cpu/attention_layout.hpp"

#if HWY_TARGET == HWY_AVX3
#define DREAM_DOT512
HWY_PUSH_ATTRIBUTES(HWY_TARGET_STR ",avx512bf16,avx512vnni")
#include "kernels/cpu/attention-inl.hpp"
#include "kernels/cpu/layer_norm-inl.hpp"
#include "kernels/cpu/linear-inl.hpp"
#include "kernels/cpu/maths-inl.hpp"
#include "kernels/cpu/panel-inl.hpp"

namespace dream::kernels::cpu::HWY_NAMESPACE {
namespace {

/// Into one row of an int8 layer's input: `load` gives the 16 values at a place. Bytes 0 to 255 span the
/// row's least and greatest value.
template <class Load>
void quantise_row(Load load, Index columns, std::byte* out) {
  auto least = load(0), most = least;
  for (Index i = 16; i < columns; i += 16) {
    const auto v = load(i);
    least = _mm512_min_ps(least, v);
    most = _mm512_max_ps(most, v);
  }
  const float low = _mm512_reduce_min_ps(least);
  const float range = _mm512_reduce_max_ps(most) - low;
  const auto base = _mm512_set1_ps(low);
  const auto factor = _mm512_set1_ps(range > 0 ? 255.0F / range : 0.0F);
  for (Index i = 0; i < columns; i += 16) {
    const auto bytes = _mm512_cvtps_epi32(_mm512_mul_ps(_mm512_sub_ps(load(i), base), factor));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out + i), _mm512_cvtusepi32_epi8(bytes));
  }
  const float own[] = {range / 255.0F, low};
  std::memcpy(out + columns, own, sizeof own);
}

inline __m512 load_bf16(const std::byte* p) {
  const auto bits = _mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
  return _mm512_castsi512_ps(_mm512_slli_epi32(bits, 16));
}

struct RoundToBf16 {
  std::byte* out;
  void operator()(const float* row, Index columns, Index r) const {
    for (Index i = 0; i < columns; i += 16)
      Bf16::store(FloatVector{_mm512_loadu_ps(row + i)}, out + r * row_bytes(Precision::bf16, columns), i);
  }
};

struct RoundToInt8 {
  std::byte* out;
  void operator()(const float* row, Index columns, Index r) const {
    quantise_row([&](Index i) { return _mm512_loadu_ps(row + i); }, columns,
                 out + r * row_bytes(Precision::int8, columns));
  }
};

void linear_dot(Precision precision, const LinearCall& call) {
  if (precision == Precision::bf16)
    linear<Bf16>(call);
  else
    linear<Int8>(call);
}
void layer_norm_dot(const LayerNorm& norm, MatrixView<float> x, Precision precision, std::byte* rounded) {
  if (precision == Precision::bf16)
    norm_rows(norm, x, RoundToBf16{rounded});
  else
    norm_rows(norm, x, RoundToInt8{rounded});
}
void attention_dot(const Attention& args, const std::byte* qkv, std::byte* out, std::byte* scratch) {
  attention_of<Bf16>(args, qkv, out, scratch);
}
void quantise_dot(const std::byte* x, Index rows, Index columns, std::byte* out) {
  for (Index r = 0; r < rows; ++r) {
    const auto* row = x + r * row_bytes(Precision::bf16, columns);
    quantise_row([&](Index i) { return load_bf16(row + 2 * i); }, columns,
                 out + r * row_bytes(Precision::int8, columns));
  }
}

}  // namespace
}  // namespace dream::kernels::cpu::HWY_NAMESPACE
HWY_POP_ATTRIBUTES

namespace dream::kernels::cpu::dot512 {
void linear(Precision precision, const LinearCall& call) { HWY_NAMESPACE::linear_dot(precision, call); }
void layer_norm(const LayerNorm& norm, MatrixView<float> x, Precision precision, std::byte* rounded) {
  HWY_NAMESPACE::layer_norm_dot(norm, x, precision, rounded);
}
void attention(const Attention& args, const std::byte* qkv, std::byte* out, std::byte* scratch) {
  HWY_NAMESPACE::attention_dot(args, qkv, out, scratch);
}
void quantise(const std::byte* x, std::int64_t rows, std::int64_t columns, std::byte* out) {
  HWY_NAMESPACE::quantise_dot(x, rows, columns, out);
}
}  // namespace dream::kernels::cpu::dot512
#undef DREAM_DOT512
#endif

#if HWY_ONCE && (HWY_TARGETS & HWY_AVX3) == 0
#include "base/errors.hpp"

namespace dream::kernels::cpu::dot512 {
namespace {
[[noreturn]] void absent() { throw InternalError("this build has no kernels in bf16 and int8"); }
}  // namespace
void linear(Precision, const LinearCall&) { absent(); }
void layer_norm(const LayerNorm&, MatrixView<float>, Precision, std::byte*) { absent(); }
void attention(const Attention&, const std::byte*, std::byte*, std::byte*) { absent(); }
void quantise(const std::byte*, std::int64_t, std::int64_t, std::byte*) { absent(); }
}  // namespace dream::kernels::cpu::dot512
#endif
