// The one loop that multiplies, for linear layers and attention alike, in three kinds of numbers.
//
// It works on words of 32 bits along the summed dimension: a float, two bfloat16 or four bytes. The right
// matrix is packed by panels of 32 columns: word k of the panel's column c is at panel[k * 32 + c], so a
// vector register holds a word of each of its columns, and one instruction multiplies it by a word of the
// left matrix, which is broadcast from where it lies, unpacked. A block of rows times two vectors of sums
// stay in registers. Each sum is taken in the order of k by one register lane, whatever the number of rows:
// that is what makes results independent of their neighbours.
//
// To be included once for each target, inside its attributes (see linear.cpp and dot512.cpp).
#if defined(DREAM_PANEL_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef DREAM_PANEL_INL
#undef DREAM_PANEL_INL
#else
#define DREAM_PANEL_INL
#endif

namespace dream::kernels::cpu::HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;
using Index = std::int64_t;

using Floats = hn::CappedTag<float, 16>;
using FloatVector = hn::Vec<Floats>;
inline Index float_lanes() { return static_cast<Index>(hn::Lanes(Floats())); }

constexpr Index panel_columns = 32;
// Two vectors of sums for each row of a block, plus two of the right matrix and a broadcast, fill the
// registers.
#if HWY_TARGET == HWY_AVX3
constexpr int block_rows = 14;
#else
constexpr int block_rows = 6;
#endif

/// Rows are divided evenly into blocks: eight rows keep the multipliers as busy as fourteen, one does not.
struct Blocks {
  explicit Blocks(Index rows) : count((rows + block_rows - 1) / block_rows), rows_(rows) {}
  [[nodiscard]] Index begin(Index block) const { return rows_ * block / count; }
  Index count;

 private:
  Index rows_;
};

struct Fp32 {
  static constexpr Index per_word = 1;
  using Sums = FloatVector;
  static Sums zero() { return hn::Zero(Floats()); }
  static FloatVector load(const std::uint32_t* b) {
    return hn::LoadU(Floats(), reinterpret_cast<const float*>(b));
  }
  static FloatVector broadcast(const std::uint32_t* a) {
    return hn::Set(Floats(), *reinterpret_cast<const float*>(a));
  }
  static Sums multiply(Sums sums, FloatVector a, FloatVector b) { return hn::MulAdd(a, b, sums); }
  static void keep(Sums sums, float* out) { hn::StoreU(sums, Floats(), out); }
  static FloatVector kept(const float* sums) { return hn::LoadU(Floats(), sums); }
  static void store(FloatVector v, std::byte* y, Index i) {
    hn::StoreU(v, Floats(), reinterpret_cast<float*>(y) + i);
  }
};

#ifdef DREAM_DOT512
inline __m512i load512(const std::uint32_t* b) { return _mm512_loadu_si512(b); }
inline __m512i broadcast512(const std::uint32_t* a) {
  std::int32_t word;
  std::memcpy(&word, a, sizeof word);
  return _mm512_set1_epi32(word);
}

struct Bf16 {
  static constexpr Index per_word = 2;
  using Sums = __m512;
  static Sums zero() { return _mm512_setzero_ps(); }
  static __m512i load(const std::uint32_t* b) { return load512(b); }
  static __m512i broadcast(const std::uint32_t* a) { return broadcast512(a); }
  static Sums multiply(Sums sums, __m512i a, __m512i b) {
    return _mm512_dpbf16_ps(sums, reinterpret_cast<__m512bh>(a), reinterpret_cast<__m512bh>(b));
  }
  static void keep(Sums sums, float* out) { _mm512_storeu_ps(out, sums); }
  static FloatVector kept(const float* sums) { return FloatVector{_mm512_loadu_ps(sums)}; }
  static void store(FloatVector v, std::byte* y, Index i) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(y + 2 * i),
                        reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(v.raw)));
  }
};

/// Left bytes are unsigned, right ones signed. Its results are stored as bfloat16.
struct Int8 {
  static constexpr Index per_word = 4;
  using Sums = __m512i;
  static Sums zero() { return _mm512_setzero_si512(); }
  static __m512i load(const std::uint32_t* b) { return load512(b); }
  static __m512i broadcast(const std::uint32_t* a) { return broadcast512(a); }
  static Sums multiply(Sums sums, __m512i a, __m512i b) { return _mm512_dpbusd_epi32(sums, a, b); }
  // Converted when they are loaded: with the conversion here, GCC 12 spills every sum in the loop above it.
  static void keep(Sums sums, float* out) { _mm512_storeu_si512(out, sums); }
  static FloatVector kept(const float* sums) {
    return FloatVector{_mm512_cvtepi32_ps(_mm512_loadu_si512(sums))};
  }
  static void store(FloatVector v, std::byte* y, Index i) { Bf16::store(v, y, i); }
};
#endif

/// out (Rows, 32) = a (Rows, words) * panel (words, 32), to be read by Kind::kept. Strides are in words and
/// floats.
template <class Kind, int Rows>
HWY_NOINLINE void multiply_block(const std::uint32_t* a, Index a_stride, const std::uint32_t* panel,
                                 Index words, float* out, Index out_stride) {
  const auto lanes = float_lanes();
  for (Index c = 0; c < panel_columns; c += 2 * lanes) {
    typename Kind::Sums sums[Rows][2];
#pragma GCC unroll 14
    for (int i = 0; i < Rows; ++i) sums[i][0] = sums[i][1] = Kind::zero();
    for (Index k = 0; k < words; ++k) {
      const auto b0 = Kind::load(panel + k * panel_columns + c);
      const auto b1 = Kind::load(panel + k * panel_columns + c + lanes);
#pragma GCC unroll 14
      for (int i = 0; i < Rows; ++i) {
        const auto word = Kind::broadcast(a + i * a_stride + k);
        sums[i][0] = Kind::multiply(sums[i][0], word, b0);
        sums[i][1] = Kind::multiply(sums[i][1], word, b1);
      }
    }
#pragma GCC unroll 14
    for (int i = 0; i < Rows; ++i) {
      Kind::keep(sums[i][0], out + i * out_stride + c);
      Kind::keep(sums[i][1], out + i * out_stride + c + lanes);
    }
  }
}

using MultiplyBlock = void (*)(const std::uint32_t*, Index, const std::uint32_t*, Index, float*, Index);

template <class Kind, int... Less>
MultiplyBlock choose(Index rows, std::integer_sequence<int, Less...>) {
  static constexpr MultiplyBlock table[] = {&multiply_block<Kind, Less + 1>...};
  return table[rows - 1];
}

/// The code for that many rows, 1 to block_rows.
template <class Kind>
MultiplyBlock multiply_of(Index rows) {
  return choose<Kind>(rows, std::make_integer_sequence<int, block_rows>());
}

}  // namespace
}  // namespace dream::kernels::cpu::HWY_NAMESPACE
#endif
