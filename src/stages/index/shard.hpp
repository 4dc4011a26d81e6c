#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/matrix.hpp"
#include "stages/types.hpp"

/// The index of one shard: FAISS with inner product, in its own file format. Everything here is local. FAISS
/// headers stay in shard.cpp.
namespace dream::index {

/// Exact search, the default.
inline constexpr std::string_view flat = "Flat";

/// The vectors of one shard and whose they are. vectors: (N, D), finite; ids: (N).
struct ShardRows {
  Matrix vectors;
  std::vector<ChunkId> ids;
};

struct Built {
  Bytes file;           ///< a FAISS index file; row i is label i
  std::string factory;  ///< what was built: the factory asked for, or "Flat"
};

/// Builds an index from a FAISS factory string ("Flat", "HNSW32", "IVF64,Flat", "PQ16", ...) over
/// `rows.vectors`. A shard with too few rows to train what was asked for is built "Flat", which is exact;
/// `Built::factory` says so. Same rows and factory, same bytes, for any number of OpenMP threads: what is not
/// Flat is built on one thread. (Training, that is IVF and PQ, uses BLAS, whose last bits are a matter of the
/// machine's numeric class.) Throws ConfigError for a factory that FAISS does not know or that cannot search
/// these vectors by inner product, InternalError for vectors that are not finite or not as many as the ids.
[[nodiscard]] Built build(const ShardRows& rows, std::string_view factory = flat);

/// Throws the ConfigError that build() would, for vectors of this dimension, before there are any.
void check_factory(std::string_view factory, std::int64_t dimension);

/// A loaded shard. Movable.
class Shard {
 public:
  /// file: what build() gave. rows: the same rows; for a Flat index `rows.vectors` may be empty (no rows),
  /// since the index holds them. search_parameters: FAISS's own, e.g. "nprobe=8" or "efSearch=64". Throws
  /// StateError naming `place` when the bytes are no such index, or of other rows; ConfigError for a
  /// parameter that this kind of index does not have.
  Shard(std::span<const char> file, ShardRows rows, std::string_view search_parameters = {},
        const std::string& place = "index");
  ~Shard();
  Shard(Shard&&) noexcept;
  Shard& operator=(Shard&&) noexcept;

  [[nodiscard]] std::int64_t rows() const { return static_cast<std::int64_t>(ids_.size()); }
  /// (N, D)
  [[nodiscard]] MatrixView<const float> vectors() const;
  [[nodiscard]] std::span<const ChunkId> ids() const { return ids_; }
  /// The length of the longest vector: bounds the rounding errors of raw scores.
  [[nodiscard]] double longest() const { return longest_; }
  /// Whether the index looks at every row, so that what it nominates is limited by rounding only.
  [[nodiscard]] bool is_exact() const;

  /// The `count` best rows for each question by FAISS's own scores, best first; row -1 where it found fewer.
  /// questions: (Q, D); scores, rows: (Q, count). The bits of the scores depend on the batch; which rows an
  /// approximate index nominates does not: such indexes are asked one question at a time, except HNSW, whose
  /// walk is the same.
  void nominate(MatrixView<const float> questions, std::int64_t count, std::span<float> scores,
                std::span<std::int64_t> rows) const;

 private:
  struct Loaded;
  std::unique_ptr<Loaded> index_;
  Matrix vectors_;
  std::vector<ChunkId> ids_;
  double longest_ = 0;
};

}  // namespace dream::index
