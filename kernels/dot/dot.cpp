#include "kernels/dot/dot.hpp"

#include <cmath>
#include <string>

#include "base/errors.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace dream::kernels {
namespace {

constexpr std::int64_t lanes = 16;
/// Rows that are scored together: enough independent sums to keep the multiply-add units busy.
constexpr int together = 4;

/// One question against `together` rows (or one). out: one score per row.
using DotBlock = void (*)(const float* question, const float* const* rows, std::int64_t d, float* out);

/// The numbers past the last multiple of 16, and the tree. Not by masked vectors of zeros: -0 + 0 would lose
/// its sign.
inline __attribute__((always_inline)) float finish(float* lane, const float* a, const float* b,
                                                   std::int64_t begin, std::int64_t d) {
  for (std::int64_t i = begin; i < d; ++i) lane[i - begin] = std::fma(a[i], b[i], lane[i - begin]);
  for (int half = 8; half > 0; half /= 2) {
    for (int j = 0; j < half; ++j) lane[j] += lane[j + half];
  }
  return lane[0];
}

template <int R>
void dot_scalar(const float* question, const float* const* rows, std::int64_t d, float* out) {
  const std::int64_t whole = d - d % lanes;
  for (int r = 0; r < R; ++r) {
    float lane[lanes] = {};
    for (std::int64_t i = 0; i < whole; i += lanes) {
      for (std::int64_t j = 0; j < lanes; ++j) lane[j] = std::fma(question[i + j], rows[r][i + j], lane[j]);
    }
    out[r] = finish(lane, question, rows[r], whole, d);
  }
}

#if defined(__x86_64__)

template <int R>
__attribute__((target("avx2,fma"))) void dot_avx2(const float* question, const float* const* rows,
                                                  std::int64_t d, float* out) {
  const std::int64_t whole = d - d % lanes;
  __m256 low[R];
  __m256 high[R];
  for (int r = 0; r < R; ++r) low[r] = high[r] = _mm256_setzero_ps();
  for (std::int64_t i = 0; i < whole; i += lanes) {
    const __m256 q_low = _mm256_loadu_ps(question + i);
    const __m256 q_high = _mm256_loadu_ps(question + i + 8);
    for (int r = 0; r < R; ++r) {
      low[r] = _mm256_fmadd_ps(q_low, _mm256_loadu_ps(rows[r] + i), low[r]);
      high[r] = _mm256_fmadd_ps(q_high, _mm256_loadu_ps(rows[r] + i + 8), high[r]);
    }
  }
  for (int r = 0; r < R; ++r) {
    float lane[lanes];
    _mm256_storeu_ps(lane, low[r]);
    _mm256_storeu_ps(lane + 8, high[r]);
    out[r] = finish(lane, question, rows[r], whole, d);
  }
}

template <int R>
__attribute__((target("avx512f,fma"))) void dot_avx512(const float* question, const float* const* rows,
                                                       std::int64_t d, float* out) {
  const std::int64_t whole = d - d % lanes;
  __m512 sum[R];
  for (int r = 0; r < R; ++r) sum[r] = _mm512_setzero_ps();
  for (std::int64_t i = 0; i < whole; i += lanes) {
    const __m512 q = _mm512_loadu_ps(question + i);
    for (int r = 0; r < R; ++r) sum[r] = _mm512_fmadd_ps(q, _mm512_loadu_ps(rows[r] + i), sum[r]);
  }
  for (int r = 0; r < R; ++r) {
    float lane[lanes];
    _mm512_storeu_ps(lane, sum[r]);
    out[r] = finish(lane, question, rows[r], whole, d);
  }
}

#endif

struct Path {
  DotBlock many;
  DotBlock one;
};

Path code_of(DotPath path) {
#if defined(__x86_64__)
  if (path == DotPath::avx512) return {dot_avx512<together>, dot_avx512<1>};
  if (path == DotPath::avx2) return {dot_avx2<together>, dot_avx2<1>};
#endif
  (void)path;
  return {dot_scalar<together>, dot_scalar<1>};
}

}  // namespace

std::string_view name_of(DotPath path) {
  switch (path) {
    case DotPath::scalar:
      return "scalar";
    case DotPath::avx2:
      return "avx2";
    case DotPath::avx512:
      return "avx512";
  }
  throw InternalError("a dot product path without a name");
}

bool can_run(DotPath path) {
  if (path == DotPath::scalar) return true;
#if defined(__x86_64__)
  if (path == DotPath::avx2) return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("fma");
#else
  return false;
#endif
}

DotPath best_dot_path() {
  if (can_run(DotPath::avx512)) return DotPath::avx512;
  return can_run(DotPath::avx2) ? DotPath::avx2 : DotPath::scalar;
}

void dot_rows(std::span<const float> question, MatrixView<const float> base,
              std::span<const std::int64_t> rows, std::span<float> scores, DotPath path) {
  DREAM_CHECK(std::ssize(question) == base.cols, "question and rows differ in dimension");
  DREAM_CHECK(scores.size() == rows.size(), "one score for each row");
  DREAM_CHECK(can_run(path), "this processor cannot run " + std::string(name_of(path)));
  for (const auto row : rows) {
    DREAM_CHECK(0 <= row && row < base.rows, "row " + std::to_string(row) + " does not exist");
  }
  const Path code = code_of(path);
  const auto pointer = [&base](std::int64_t row) { return base.data + row * base.cols; };
  std::size_t i = 0;
  for (; i + together <= rows.size(); i += together) {
    const float* block[together];
    for (std::size_t r = 0; r < together; ++r) block[r] = pointer(rows[i + r]);
    code.many(question.data(), block, base.cols, scores.data() + i);
  }
  for (; i < rows.size(); ++i) {
    const float* one = pointer(rows[i]);
    code.one(question.data(), &one, base.cols, scores.data() + i);
  }
}

}  // namespace dream::kernels
