#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <utility>

#include "base/matrix.hpp"
#include "base/pulse.hpp"
#include "device/accelerator.hpp"

namespace dream::device {

/// How an ExactSearch computes.
struct SearchPlan {
  kernels::Element element = kernels::Element::fp16;  ///< of the product that selects
  std::int64_t questions = 1024;                      ///< searched together
  /// Rows of a tile: its scores, questions x tile floats, are read again at once and should then be in the L2
  /// cache still (16 MiB of 50 on Hopper).
  std::int64_t tile = 4096;
};

/// Vectors in an accelerator's memory, searched by looking at each: a product of rounded vectors makes the
/// scores tile by tile, top_k takes each tile into the best so far, and what is left is scored anew in
/// float32 with the dot product of fixed order (kernels/dot).
class ExactSearch {
 public:
  /// Bytes that it takes for `rows` vectors of `columns` numbers. Pure.
  [[nodiscard]] static std::int64_t bytes_of(std::int64_t rows, std::int64_t columns, const SearchPlan& plan);

  /// vectors: (N, D), finite, N below 2^32 - 1. Throws Error where the memory does not suffice.
  ExactSearch(std::shared_ptr<Accelerator> accelerator, MatrixView<const float> vectors,
              const SearchPlan& plan, const Pulse& pulse);
  ~ExactSearch();
  ExactSearch(const ExactSearch&) = delete;
  ExactSearch& operator=(const ExactSearch&) = delete;

  /// The `count` best rows for each question by rounded scores, best first; row -1 where there are no more.
  /// questions: (Q, D); raw, exact, rows: (Q, count); exact: the scores of kernels/dot, of no row 0. count: 1
  /// to kernels::most_k.
  void find(MatrixView<const float> questions, std::int64_t count, std::span<float> raw,
            std::span<float> exact, std::span<std::int64_t> rows, const Pulse& pulse);

  /// How far a raw score may be from the true one, for vectors of these lengths.
  [[nodiscard]] double raw_error(double question_length, double longest) const;

 private:
  /// Questions of a batch, and hits of each.
  using BatchShape = std::pair<std::int64_t, std::int64_t>;
  void upload(MatrixView<const float> vectors, const Pulse& pulse);
  void compute(const BatchShape& shape);
  void find_batch(MatrixView<const float> questions, std::int64_t count, std::span<float> raw,
                  std::span<float> exact, std::span<std::int64_t> rows, const Pulse& pulse);

  std::shared_ptr<Accelerator> accelerator_;
  std::int64_t rows_, columns_;
  SearchPlan plan_;
  std::int64_t wide_;                     ///< columns of rounded rows
  Memory vectors_, rounded_;              ///< (N, D), (N, wide)
  Memory questions_, rounded_questions_;  ///< (questions, D), (questions, wide)
  Memory scores_;                         ///< (questions, tile)
  Memory best_, exact_;                   ///< (questions, most_k)
  Memory host_in_, host_best_, host_exact_;
  std::map<BatchShape, Recording> recorded_;

  /// Waits for what is under way before the memory above goes. The last member, so the first to be destroyed,
  /// also where the constructor throws.
  struct Drained {
    ExactSearch& search;
    ~Drained();
  } drained_{*this};
};

}  // namespace dream::device
