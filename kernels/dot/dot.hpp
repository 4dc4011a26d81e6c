#pragma once
#include <cstdint>
#include <span>
#include <string_view>

#include "base/matrix.hpp"

/// Dot products whose bits are a function of the two vectors alone: not of the processor (any with fused
/// multiply-add), the batch, or the place of a vector among others. Search ranks by them.
///
/// The order, for vectors of D float32 numbers:
///   lane[j] = 0, then fma(a[i], b[i], lane[j]) for i = j, j + 16, j + 32, ... < D      j = 0 .. 15
///   then halves are added: lane[j] += lane[j + h] for j < h, with h = 8, 4, 2, 1; the result is lane[0].
namespace dream::kernels {

/// The definition above as plain loops; the oracle of the others.
[[nodiscard]] float dot_reference(std::span<const float> a, std::span<const float> b);

/// How the dot products of this process may be computed. All give the same bits.
enum class DotPath { scalar, avx2, avx512 };

[[nodiscard]] std::string_view name_of(DotPath path);
/// Whether this processor has it.
[[nodiscard]] bool can_run(DotPath path);
/// The widest that can run.
[[nodiscard]] DotPath best_dot_path();

/// scores[i] = dot(question, base row rows[i]).  question: (D), base: (N, D), rows: any of 0 .. N-1, repeats
/// allowed; scores: rows.size(). Local, one thread. Throws InternalError on a shape that does not fit or a
/// path that cannot run.
void dot_rows(std::span<const float> question, MatrixView<const float> base,
              std::span<const std::int64_t> rows, std::span<float> scores, DotPath path = best_dot_path());

}  // namespace dream::kernels
