#pragma once
#include <cstdint>
#include <functional>
#include <limits>
#include <span>

#include "base/matrix.hpp"
#include "base/pulse.hpp"
#include "comm/communicator.hpp"
#include "stages/types.hpp"

/// Search that repeats: an index only nominates; our own dot product of fixed order (kernels/dot) scores; the
/// order is (score descending, chunk id ascending). So a score's bits depend on question and chunk alone, and
/// a result does not depend on how rows are cut into shards, shards are given to ranks, or questions are
/// batched.
namespace dream::retrieve {

/// The `count` best rows per question by raw scores, best first, row -1 where there are no more.
/// questions: (Q, D); scores, rows: (Q, count).
using Nominate = std::function<void(MatrixView<const float> questions, std::int64_t count,
                                    std::span<float> scores, std::span<std::int64_t> rows)>;

/// The same, and beside each raw score our own of that row: (Q, count).
using NominateScored =
    std::function<void(MatrixView<const float> questions, std::int64_t count, std::span<float> scores,
                       std::span<float> own, std::span<std::int64_t> rows)>;

/// What search needs of a shard; it owns nothing.
struct Source {
  MatrixView<const float> vectors;  ///< (N, D)
  std::span<const ChunkId> ids;     ///< (N)
  double longest = 0;               ///< the length of the longest vector
  Nominate nominate;                ///< asked for at most N / 2 rows, never for an empty shard
  /// Where a GPU searches: asked in the place of `nominate`.
  NominateScored nominate_scored{};
  /// How far its raw scores may be from the true ones, by the length of a question.
  std::function<double(double)> raw_error{};
};

struct SearchOptions {
  std::int32_t k = 10;
  std::int32_t margin = 16;  ///< rows nominated beyond k
  std::int64_t batch = 128;  ///< questions nominated together; the pulse is called in between
  /// Rows that can be nominated; where more would be needed, all are scored.
  std::int64_t most_nominated = std::numeric_limits<std::int64_t>::max();
};

/// The k best chunks of one shard for each question (fewer when it has fewer). questions: (Q, D), finite.
///
/// How many rows must be nominated to be sure? A raw score and ours are sums of the same D products in
/// different order, each within D u |q| |x| of the true value (u = 2^-24, Higham's bound). So a row that was
/// not nominated can reach the k best only if its raw score, at most that of the last nominated row, comes
/// within 4 D u |q| |x| of the k-th; while the last one is that close, as with many equal texts, more are
/// nominated, and in the end all. Where raw scores are rounded more coarsely, as a GPU's, Source::raw_error
/// takes the place of their half of the bound. Hence with an index that looks at every row (Flat) the result
/// is that of scoring every row, always. An approximate index may overlook rows; a shard with fewer than 2 (k
/// + margin) rows is scored whole without asking it, and is exact again.
///
/// Local. Smaller k are prefixes of larger ones (Flat).
[[nodiscard]] Retrieved search(const Source& source, MatrixView<const float> questions,
                               const SearchOptions& options, const Pulse& pulse);

/// Empty lists: what a rank without shards has.
[[nodiscard]] Retrieved no_hits(std::int64_t questions);

/// The k best of two results over the same questions; a chunk in both counts once. Associative and
/// commutative, with no_hits() as its neutral element. merge(a, no_hits(Q), k) cuts a to k.
[[nodiscard]] Retrieved merge(const Retrieved& a, const Retrieved& b, std::int32_t k);

/// merge() over the results of all ranks, up a binomial tree to rank 0 and back by broadcast: every rank
/// returns the same. Collective. The same bytes for every number of ranks. Number of questions and k must
/// agree on all ranks.
[[nodiscard]] Retrieved merge_over_ranks(comm::Communicator& comm, const Retrieved& mine, std::int32_t k);

}  // namespace dream::retrieve
