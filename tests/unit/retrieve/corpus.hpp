#pragma once
#include <cmath>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "kernels/dot/dot.hpp"
#include "stages/index/shard.hpp"
#include "stages/retrieve/search.hpp"
#include "tests/support/test.hpp"

/// Vectors made for the tests of search, and the answer by brute force.
namespace dream::test {

enum class Shape { random, clustered, duplicated };

/// (rows, dimension), of about length 1. clustered: forty directions with noise near float32's last bits, so
/// that scores differ by less than rounding. duplicated: every vector many times over.
inline Matrix vectors_of(Shape shape, std::int64_t rows, std::int64_t dimension, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0, 1 / std::sqrt(static_cast<float>(dimension)));
  Matrix m(rows, dimension);
  Matrix centre(40, dimension);
  for (auto& v : centre.values) v = normal(random);
  for (std::int64_t r = 0; r < rows; ++r) {
    const auto c = centre.row(static_cast<std::int64_t>(random() % (shape == Shape::duplicated ? 3 : 40)));
    for (std::size_t i = 0; i < c.size(); ++i) {
      float& v = m.row(r)[i];
      if (shape == Shape::random) v = normal(random);
      if (shape == Shape::clustered) v = c[i] + normal(random) * 0x1p-22F;
      if (shape == Shape::duplicated) v = c[i];
    }
  }
  return m;
}

/// Ids in an order that has nothing to do with the rows'.
inline std::vector<ChunkId> ids_of(std::int64_t rows) {
  std::vector<ChunkId> ids;
  for (std::int64_t r = 0; r < rows; ++r) {
    ids.push_back({digest_of("document " + std::to_string(r / 3)), static_cast<std::int32_t>(r % 3)});
  }
  return ids;
}

/// Every row scored by the reference and sorted.
inline Retrieved oracle(const Matrix& vectors, const std::vector<ChunkId>& ids, const Matrix& questions,
                        std::int32_t k) {
  Retrieved result;
  for (std::int64_t q = 0; q < questions.rows; ++q) {
    std::vector<RetrievedChunk> list;
    for (std::int64_t r = 0; r < vectors.rows; ++r) {
      list.push_back({ids[static_cast<std::size_t>(r)],
                      kernels::dot_reference(questions.row(q), vectors.row(r)), Origin::hit});
    }
    std::sort(list.begin(), list.end(), [](const RetrievedChunk& a, const RetrievedChunk& b) {
      return a.score > b.score || (a.score == b.score && a.chunk < b.chunk);
    });
    list.resize(std::min(list.size(), static_cast<std::size_t>(k)));
    result.chunks.insert(result.chunks.end(), list.begin(), list.end());
    result.offsets.push_back(std::ssize(result.chunks));
  }
  return result;
}

inline retrieve::Source source_of(const index::Shard& shard) {
  return {shard.vectors(), shard.ids(), shard.longest(),
          [&shard](MatrixView<const float> questions, std::int64_t count, std::span<float> scores,
                   std::span<std::int64_t> rows) { shard.nominate(questions, count, scores, rows); }};
}

/// Piece `piece` of `pieces`: every pieces-th row.
inline index::ShardRows cut(const Matrix& vectors, const std::vector<ChunkId>& ids, int piece, int pieces) {
  index::ShardRows rows{Matrix(0, vectors.cols), {}};
  for (std::int64_t r = piece; r < vectors.rows; r += pieces) {
    rows.vectors.values.insert(rows.vectors.values.end(), vectors.row(r).begin(), vectors.row(r).end());
    rows.ids.push_back(ids[static_cast<std::size_t>(r)]);
    ++rows.vectors.rows;
  }
  return rows;
}

inline Retrieved search_piece(const index::ShardRows& rows, const Matrix& questions,
                              const retrieve::SearchOptions& options,
                              std::string_view factory = index::flat) {
  const index::Shard shard(index::build(rows, factory).file, rows);
  return retrieve::search(source_of(shard), questions.view(), options, no_pulse());
}

/// Equal in every bit that has a meaning (padding has none).
inline bool same(const Retrieved& a, const Retrieved& b) {
  const auto equal = [](const RetrievedChunk& x, const RetrievedChunk& y) {
    return x.chunk == y.chunk &&
           std::bit_cast<std::uint32_t>(x.score) == std::bit_cast<std::uint32_t>(y.score) &&
           x.origin == y.origin;
  };
  return a.offsets == b.offsets &&
         std::equal(a.chunks.begin(), a.chunks.end(), b.chunks.begin(), b.chunks.end(), equal);
}

}  // namespace dream::test
